import { relay } from '../../../lib/relay'

export const dynamic = 'force-dynamic'

const answer = (request: Request) => relay().fetch(request)

export { answer as GET, answer as POST, answer as DELETE }

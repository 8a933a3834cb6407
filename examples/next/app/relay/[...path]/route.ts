import { relay } from '../../../lib/relay'

const answer = (request: Request) => relay.fetch(request)

export { answer as GET, answer as POST, answer as DELETE }

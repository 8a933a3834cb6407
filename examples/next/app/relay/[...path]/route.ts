import { relay } from '../../../lib/relay'

export const dynamic = 'force-dynamic'

const answer = (request: Request) => relay().fetch(request)

export const GET = answer
export const POST = answer
export const DELETE = answer

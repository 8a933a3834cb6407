import type { Answer, JobRequest } from './side.ts'

// What the components that are written by hand share: the calls of the relay, as
// whoever has read about its wire would write them.

export interface Submitted {
  request: JobRequest
  queue?: string
  poll?: number
}

export interface JobRecord {
  id: string
  status: 'pending' | 'running' | 'resolved' | 'failed' | 'cancelled'
  response?: { body: string }
}

const session = crypto.randomUUID()

export function submit({ request, queue, poll }: Submitted): Promise<JobRecord> {
  return call('/relay/requests', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
    body: JSON.stringify({ ...request, queue, poll }),
  })
}

export async function read(id: string, signal?: AbortSignal): Promise<JobRecord> {
  const { records } = await call<{ records: JobRecord[] }>(`/relay/requests?ids=${id}`, { signal: signal ?? null })
  const [record] = records
  if (!record) throw new Error(`The relay knows no request ${id}.`)
  return record
}

export function isSettled(record: JobRecord | undefined): boolean {
  return record?.status === 'resolved' || record?.status === 'failed' || record?.status === 'cancelled'
}

export function answerOf(record: JobRecord | undefined): Answer | undefined {
  return record?.response && (JSON.parse(record.response.body) as Answer)
}

async function call<Body>(path: string, init: RequestInit): Promise<Body> {
  const headers = { ...(init.headers as Record<string, string> | undefined), 'client-session': session }
  const response = await fetch(path, { ...init, headers })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Body
}

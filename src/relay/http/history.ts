import { ClientSecretError } from '../../protocol/errors.ts'
import { statuses, type HistoryPage } from '../../protocol/record.ts'
import { shown } from '../../protocol/invalid-parameter.ts'
import type { RecordFilter, Records } from '../database/records.ts'
import { toWire } from '../database/stored-record.ts'

const defaultLimit = 20
const maxRecords = 100

/** Reads the query of `GET /requests?idempotencyKey=&url=&method=&queue=&status=&compact=&limit=&cursor=`. A missing or empty field matches all. */
export function parseHistory(query: Record<string, string>): RecordFilter {
  const refuse = (name: string, expectation: string) =>
    new ClientSecretError('INVALID_PARAMETER', `${name} must be ${expectation}; it is ${shown(query[name])}.`, {
      path: name,
    })

  const { idempotencyKey, url, method, queue, status, compact, limit, cursor } = query
  if (status && !(statuses as readonly string[]).includes(status))
    throw refuse('status', `one of ${statuses.join(', ')}`)
  const size = limit ? Number(limit) : defaultLimit
  if (!Number.isInteger(size) || size < 1 || size > maxRecords)
    throw refuse('limit', `a whole number from 1 to ${maxRecords}`)
  if (cursor && !/^[0-9]{1,16}$/.test(cursor)) throw refuse('cursor', 'the cursor of an earlier page')
  return {
    idempotencyKey: idempotencyKey || undefined,
    url: url || undefined,
    method: method?.toUpperCase() || undefined,
    queue: queue || undefined,
    status: status || undefined,
    before: cursor ? Number(cursor) : undefined,
    limit: size,
    isCompact: compact === 'true',
  }
}

/**
 * A page of the owner's requests, the newest first. A page of large requests holds
 * fewer than `limit`; its cursor leads on.
 */
export async function history(records: Records, owner: string, filter: RecordFilter): Promise<HistoryPage> {
  const page = await records.history(owner, filter)
  return {
    records: page.records.map((record) => {
      const wire = toWire(record, { withRequest: true })
      return filter.isCompact ? { ...wire, request: record.request && { ...record.request, data: undefined } } : wire
    }),
    // Order of arrival: later records do not change it.
    cursor: page.hasMore ? String(page.records.at(-1)?.seq) : null,
  }
}

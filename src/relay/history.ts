import { ClientSecretError } from '../protocol/errors.ts'
import { statuses, type HistoryPage } from '../protocol/record.ts'
import type { RecordFilter, Records } from './records.ts'
import { toWire } from './stored-record.ts'

const defaultLimit = 20
const mostRecords = 100

export interface HistoryQuery {
  filter: RecordFilter
  compact: boolean
}

/** Reads the query of `GET /requests?url=&method=&queue=&status=&compact=&limit=&cursor=`; what is left out or empty matches all. */
export function parseHistory(query: Record<string, string>): HistoryQuery {
  const refuse = (name: string, expectation: string) =>
    new ClientSecretError('INVALID_PARAMETER', `${name} must be ${expectation}; it is "${query[name]}".`, {
      path: name,
    })

  const { url, method, queue, status, compact, limit, cursor } = query
  if (status && !(statuses as readonly string[]).includes(status))
    throw refuse('status', `one of ${statuses.join(', ')}`)
  const size = limit ? Number(limit) : defaultLimit
  if (!Number.isInteger(size) || size < 1 || size > mostRecords)
    throw refuse('limit', `a whole number from 1 to ${mostRecords}`)
  if (cursor && !/^[0-9]{1,16}$/.test(cursor)) throw refuse('cursor', 'the cursor of a page before')
  return {
    filter: {
      url: url || undefined,
      method: method?.toUpperCase() || undefined,
      queue: queue || undefined,
      status: status || undefined,
      before: cursor ? Number(cursor) : undefined,
      limit: size,
    },
    compact: compact === 'true',
  }
}

/** A page of the owner's requests, the newest first. */
export async function history(
  records: Records,
  owner: string,
  { filter, compact }: HistoryQuery,
): Promise<HistoryPage> {
  // One more than asked for tells whether there is a next page.
  const found = await records.history(owner, { ...filter, limit: filter.limit + 1 })
  const page = found.slice(0, filter.limit)
  return {
    records: page.map((record) => {
      const wire = toWire(record, { withRequest: true })
      return compact
        ? { ...wire, request: record.request && { ...record.request, data: undefined }, response: undefined }
        : wire
    }),
    // The place of a record in the order of arrival, which later ones do not move.
    cursor: found.length > page.length ? String(page.at(-1)?.seq) : null,
  }
}

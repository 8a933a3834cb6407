import { recordings } from 'virtual:demo-recordings'
import { createTestClient } from '../../src/exports/testing.ts'
import type { SeenByApi } from './panels.tsx'

// What stands in for the relay and the API where Storybook is built into files: the answers of both, recorded by the
// build. The pages of the demo work the same, and nothing is called.

export const apiUrl = 'https://api.openai.com'

export const client = createTestClient({ latency: 80 }).play(recordings)

/** What the API would have got, with the key. */
export async function seenByApi(): Promise<SeenByApi[]> {
  const { records } = await client.history({ limit: 100 })
  return records.flatMap(({ request, createdAt }) =>
    request
      ? {
          method: request.method,
          path: new URL(request.url).pathname,
          hadKey: true,
          body: JSON.stringify(request.data),
          startedAt: createdAt,
        }
      : [],
  )
}

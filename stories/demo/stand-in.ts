import { createTestClient, fail, reply, stream, type StreamAnswerOptions } from '../../src/exports/testing.ts'
import otter from './otter.png?inline'
import type { SeenByApi } from './panels.tsx'
import { story } from './story.ts'

// What stands in for the relay and the API where Storybook is built into files:
// the pages of the demo work the same, and nothing is called.

export const apiUrl = 'https://api.openai.com'

/** The first chunks of the story, as of OpenAI's chat. */
function told(chunks: number, options: StreamAnswerOptions = {}) {
  const pieces = story.match(/.{1,5}/g)!.slice(0, chunks)
  return stream(
    pieces.map((content) => ({ choices: [{ index: 0, delta: { content } }] })),
    { after: 300, every: 40, ...options },
  )
}

const asks = (words: RegExp) => (request: object) => words.test(JSON.stringify(request))

/** Says and paints what the API of `vite-plugin.ts` does, in the same time. */
export const client = createTestClient({ latency: 80 })
  .on({ url: /\/images\// }, reply({ data: [{ b64_json: otter.replace(/^.*,/, '') }] }, { after: 2_400 }))
  .on(
    { url: /\/chat\// },
    reply(
      { choices: [{ message: { content: 'Otters hold hands while they sleep, so that they do not drift apart.' } }] },
      { after: 300 },
    ),
  )
  .on(asks(/long story/i), told(Infinity))
  .on(asks(/breaks off/i), told(12, { breaksOff: 'UPSTREAM_UNREACHABLE' }))
  .on(
    asks(/busy/i),
    reply(
      { error: { message: 'The server is overloaded with otters. Please try again later.' } },
      { status: 503, after: 300 },
    ),
  )
  .on(
    ({ data }) => JSON.stringify(data).includes('$CLIENT_SECRET'),
    fail('NOT_ALLOWED', {
      message:
        'The key "openai" may not be used in data#/messages/0/content. Its rules allow it in headers.authorization only.',
    }),
  )

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

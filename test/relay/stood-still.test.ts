import { expect, onTestFinished, test } from 'vitest'
import { sleep } from '../../src/client/retry-delay.ts'
import { createRelayOn } from '../../src/relay/create-relay.ts'
import { internet } from '../../src/relay/upstream/http-client.ts'
import { json, startApi } from '../helpers/api.ts'
import { losingProxy } from '../helpers/losing-proxy.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { startRelayProcess } from '../helpers/relay-process.ts'
import { keyFor, postTo, startRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

const postgres = postgresOfThisFile()

/** Milliseconds: a call must begin within 1.4 s after the right to it was shown; see right-to-call.ts. */
const longEnough = 4_500

/** A relay that stands still as soon as a statement of its is answered, and another one. */
async function setUp(isStatement: (bytes: Buffer) => boolean) {
  const api = await startApi((_call, outgoing) => json(outgoing, {}))
  const address = await postgres.database()
  const proxy = await losingProxy(address)
  const options = { keys: { api: keyFor(api.url) }, database: address }
  const slow = await startRelayProcess({ ...options, database: proxy.database })
  let hasFrozen = false
  proxy.atAnswerTo(isStatement, () => {
    slow.freeze()
    hasFrozen = true
  })
  const other = await startRelay(options)
  await other.relay.ready
  const send = async ({ url }: { url: string }, n: number, fields: object = {}) => {
    const response = await fetch(`${url}/requests`, {
      method: 'POST',
      headers: {
        'client-session': 'the-same-visitor-at-each-relay',
        'content-type': 'application/json',
        'idempotency-key': `request ${n}`,
      },
      body: JSON.stringify({
        clientSecretName: 'api',
        method: 'PUT',
        headers: { authorization: '$CLIENT_SECRET' },
        url: `${api.url}/`,
        data: { n },
        ...fields,
      }),
    })
    return (await response.json()) as { id: string; status: string }
  }
  return { api, address, slow, other, send, frozen: () => until(() => hasFrozen) }
}

test('a relay that stood still between the take of a queued PUT and its call does not overwrite the PUTs after it', async () => {
  const { api, address, slow, other, send, frozen } = await setUp((bytes) => bytes.includes('WITH asked'))
  const first = send(slow, 1, { queue: 'q' })
  const [{ id }] = await Promise.all([first, frozen()])
  await sleep(longEnough)
  // What pg-boss does with the token of a relay that was silent.
  await postgres.query(
    address,
    `UPDATE client_secret_queue.job SET state = 'retry', retry_count = retry_count + 1 WHERE state = 'active'`,
  )
  await send(other, 2, { queue: 'q' })
  await until(() => api.calls.length === 2)
  slow.thaw()
  // By then it has long made the call, if it makes it.
  await send(slow, 3)
  await sleep(300)
  expect(api.calls.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
  const [record] = await postgres.query(address, 'SELECT status FROM records WHERE id = $1', [id])
  expect(record).toEqual({ status: 'resolved' })
})

test('a relay that stood still between the claim of a direct PUT and its call gives the answer of the relay that made it', async () => {
  const { api, address, slow, other, send, frozen } = await setUp((bytes) => bytes.includes('INSERT INTO records'))
  const first = send(slow, 1)
  await frozen()
  await sleep(longEnough)
  // What another relay does with the claim of one that was silent.
  await postgres.query(
    address,
    `UPDATE records SET status = 'failed', version = version + 1, error = '{"code":"INTERRUPTED","message":""}'`,
  )
  const again = await send(other, 1)
  expect(again).toMatchObject({ status: 'resolved' })
  await send(other, 2)
  slow.thaw()
  expect(await first).toMatchObject({ id: again.id, status: 'resolved' })
  expect(api.calls.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}'])
})

test('a connection that takes longer than the right to call holds is used once the right was shown anew', async () => {
  const api = await startApi((_call, outgoing) => json(outgoing, {}))
  let connections = 0
  const slowly: typeof internet = {
    ...internet,
    connector(lookup) {
      const connect = internet.connector(lookup)
      return (options, done) => {
        connections += 1
        setTimeout(() => connect(options, done), longEnough)
      }
    },
  }
  const relay = createRelayOn(slowly, { keys: { api: keyFor(api.url) } })
  onTestFinished(() => relay.close())
  const response = await postTo(relay, {
    clientSecretName: 'api',
    method: 'POST',
    headers: { authorization: '$CLIENT_SECRET' },
    url: `${api.url}/`,
  })
  expect(await response.json()).toMatchObject({ status: 'resolved' })
  expect(api.calls).toHaveLength(1)
  expect(connections).toBe(1)
})

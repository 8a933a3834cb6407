import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createMintedTokens, mintingLease } from '../../src/relay/database/minted-tokens.ts'
import { openPostgres } from '../../src/relay/database/postgres-database.ts'
import { consoleLogger } from '../../src/relay/common/logger.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { door, json, startApi, type ApiAnswer, type ApiCall } from '../helpers/api.ts'
import { losingProxy } from '../helpers/losing-proxy.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { startRelayProcess } from '../helpers/relay-process.ts'
import { startRelay } from '../helpers/relay.ts'

const postgres = postgresOfThisFile()

const secret = 'client_secret_Vq7TfC1dXk29fLmQ8v'
const newSecret = 'client_secret_Zz9Mw3Qp7Lk1Jh5Gf8'
const tokenOf = (count: number) => `ya29.${String(count).padStart(4, '0')}Xk29fLmQ8vRt3Wz7BnHs5JdGyC4pTe6a`
const basicOf = (value: string) => `Basic ${btoa(`otters:${value}`)}`

type Exchange = (call: ApiCall, count: number, outgoing: Parameters<ApiAnswer>[1]) => unknown

const good: Exchange = (_call, count, outgoing) => json(outgoing, { access_token: tokenOf(count), expires_in: 3600 })

/** An API that takes the tokens for which `isGood`, a server of tokens, and one database for relays. */
async function setUp(exchange: Exchange = good, key: Partial<KeyOptions> = {}) {
  const state = { isGood: (token: string, newest: string) => token === newest }
  const exchanges: ApiCall[] = []
  const api = await startApi((call, outgoing) => {
    if (call.path === '/token') return void exchange(call, exchanges.push(call), outgoing)
    const token = call.headers.authorization?.replace('Bearer ', '') ?? ''
    json(outgoing, { token }, state.isGood(token, tokenOf(exchanges.length)) ? 200 : 401)
  })
  const database = await postgres.database()
  const keys = (change: Partial<KeyOptions> = {}): NonNullable<RelayOptions['keys']> => ({
    api: {
      secret,
      locked: false,
      allow: [{ url: `${api.url}/v1/**`, methods: ['GET', 'POST'], allowPrivateNetwork: true }],
      token: { grant: 'client_credentials', clientId: 'otters', url: `${api.url}/token`, allowPrivateNetwork: true },
      ...key,
      ...change,
    },
  })
  const options = { keys: keys(), database, limits: { requestsPerMinute: 100_000 } }
  const relays = async (count: number) => {
    const started = await Promise.all(Array.from({ length: count }, () => startRelay(options)))
    await Promise.all(started.map(({ relay }) => relay.ready))
    return started
  }
  const askAt = ({ client }: Pick<Awaited<ReturnType<typeof startRelay>>, 'client'>, method: 'GET' | 'POST' = 'GET') =>
    client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/v1/me`,
      method,
      headers: { authorization: 'Bearer $CLIENT_SECRET' },
    })
  const rows = () => postgres.query<Record<string, string>>(database, 'SELECT * FROM minted_tokens')
  const sent = () => api.calls.filter(({ path }) => path === '/v1/me').map(({ headers }) => headers.authorization)
  return { api, state, exchanges, database, keys, options, relays, askAt, rows, sent }
}

type SetUp = Awaited<ReturnType<typeof setUp>>
const askAll = ({ askAt }: SetUp, relays: Awaited<ReturnType<SetUp['relays']>>, count: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => askAt(relays[n % relays.length]!)))

describe('three relays on one Postgres', () => {
  test('100 calls at once without a token: one exchange', async () => {
    const api = await setUp(async (call, count, outgoing) => {
      await sleep(100)
      good(call, count, outgoing)
    })
    await askAll(api, await api.relays(3), 100)
    expect(api.exchanges).toHaveLength(1)
    expect(new Set(api.sent())).toEqual(new Set([`Bearer ${tokenOf(1)}`]))
  })

  test('100 calls at once with a token that has ended: one exchange', async () => {
    const api = await setUp((_call, count, outgoing) =>
      json(outgoing, { access_token: tokenOf(count), expires_in: count === 1 ? 1 : 3600 }),
    )
    const relays = await api.relays(3)
    await askAll(api, relays, 3)
    await sleep(1_000)
    await askAll(api, relays, 100)
    expect(api.exchanges).toHaveLength(2)
  })

  test('100 calls at once with a token that the API refuses: one exchange, and no failed call', async () => {
    const api = await setUp()
    const relays = await api.relays(3)
    await askAll(api, relays, 3)
    api.state.isGood = (token) => token === tokenOf(2)
    await askAll(api, relays, 100)
    expect(api.exchanges).toHaveLength(2)
    // A relay that still has the refused token takes the newer one.
    const late = await api.relays(1)
    await askAll(api, late, 3)
    expect(api.exchanges).toHaveLength(2)
  })

  test('a refused exchange is refused for all of them, and tried again later', async () => {
    let isOut = true
    const api = await setUp((call, count, outgoing) =>
      isOut ? json(outgoing, { error: 'invalid_client' }, 400) : good(call, count, outgoing),
    )
    const relays = await api.relays(3)
    const answers = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => api.askAt(relays[n % 3]!)))
    expect(answers.map((one) => one.status === 'rejected' && (one.reason as { code: string }).code)).toEqual(
      answers.map(() => 'TOKEN_FAILED'),
    )
    expect(api.exchanges).toHaveLength(1)
    isOut = false
    await expect.poll(() => api.askAt(relays[2]!).then(Boolean, () => false)).toBe(true)
  })

  test('the database has neither the token nor the secret, and the log neither', async () => {
    const api = await setUp()
    const relays = await api.relays(3)
    await askAll(api, relays, 6)
    const text = JSON.stringify([await api.rows(), relays.map(({ log }) => log)])
    expect(await api.rows()).toHaveLength(1)
    for (const part of [secret, tokenOf(1), tokenOf(1).slice(10, 30)])
      for (const form of [part, Buffer.from(part).toString('base64').slice(2, -4), Buffer.from(part).toString('hex')])
        expect(text).not.toContain(form)
    const [row] = await api.rows()
    expect(JSON.stringify(relays.map(({ log }) => log))).not.toContain(row!['id']!)
  })

  test('a row leaves the database at its end', async () => {
    const api = await setUp((_call, count, outgoing) =>
      json(outgoing, { access_token: tokenOf(count), expires_in: count === 1 ? 1 : 3600 }),
    )
    const relays = await api.relays(1)
    await askAll(api, relays, 1)
    const database = await openPostgres(api.database, consoleLogger)
    const { removeOld } = createMintedTokens(database)
    await removeOld()
    expect(await api.rows()).toHaveLength(1)
    await expect.poll(async () => (await removeOld(), api.rows())).toEqual([])
    await askAll(api, relays, 1)
    await removeOld()
    expect(await api.rows()).toHaveLength(1)
    await database.close()
  })
})

describe('a relay that makes an exchange', () => {
  test('and dies in it holds the others up for seconds only', async () => {
    const { opened, open } = door()
    const api = await setUp(async (call, count, outgoing) => {
      if (count === 1) await opened
      good(call, count, outgoing)
    })
    const mortal = await startRelayProcess(api.options)
    const [other] = await api.relays(1)
    void api.askAt(mortal).catch(() => 'lost')
    await expect.poll(() => api.exchanges.length).toBe(1)
    await mortal.kill()
    const begun = performance.now()
    await api.askAt(other!)
    expect(performance.now() - begun).toBeLessThan(mintingLease + 3_000)
    expect(api.exchanges).toHaveLength(2)
    open()
  })

  test('and takes longer than its lease keeps it', async () => {
    const { opened, open } = door()
    const api = await setUp(async (call, count, outgoing) => {
      await opened
      good(call, count, outgoing)
    })
    const relays = await api.relays(3)
    const answers = askAll(api, relays, 6)
    await sleep(mintingLease + 1_000)
    open()
    await answers
    expect(api.exchanges).toHaveLength(1)
  })

  test('and closes leaves it to the others at once', async () => {
    const { opened, open } = door()
    const api = await setUp(async (call, count, outgoing) => {
      if (count === 1) await opened
      good(call, count, outgoing)
    })
    const [closing, other] = await api.relays(2)
    void api.askAt(closing!).catch(() => 'lost')
    await expect.poll(() => api.exchanges.length).toBe(1)
    const answer = api.askAt(other!)
    await closing!.relay.close()
    const begun = performance.now()
    await answer
    expect(performance.now() - begun).toBeLessThan(mintingLease / 2)
    expect(api.exchanges).toHaveLength(2)
    open()
  })

  test('and gets no answer gives up at the time limit, with an error of its own', async () => {
    const api = await setUp((call, count, outgoing) => (count === 1 ? undefined : good(call, count, outgoing)))
    const { client } = await startRelay({ ...api.options, limits: { upstreamTimeout: 500 } })
    await expect(api.askAt({ client })).rejects.toMatchObject({ code: 'TOKEN_FAILED' })
    await expect.poll(() => api.askAt({ client }).then(Boolean, () => false)).toBe(true)
    expect(api.exchanges).toHaveLength(2)
  })
})

describe('a rotated secret fails no call', () => {
  const onlyNew: Exchange = (call, count, outgoing) =>
    call.headers.authorization === basicOf(newSecret)
      ? good(call, count, outgoing)
      : json(outgoing, { error: 'invalid_client' }, 401)

  test('two relays with different secrets have tokens of their own', async () => {
    const api = await setUp()
    api.state.isGood = (token) => [tokenOf(1), tokenOf(2)].includes(token)
    const [before] = await api.relays(1)
    const after = await startRelay({ ...api.options, keys: api.keys({ secret: newSecret }) })
    for (let round = 0; round < 3; round++) await Promise.all([api.askAt(before!), api.askAt(after)])
    expect(api.exchanges.map(({ headers }) => headers.authorization).sort()).toEqual(
      [basicOf(secret), basicOf(newSecret)].sort(),
    )
    expect(await api.rows()).toHaveLength(2)
  })

  test('a source: the relay asks it when the server of the tokens refuses the old value', async () => {
    let current = secret
    const api = await setUp((call, count, outgoing) =>
      current === newSecret ? onlyNew(call, count, outgoing) : good(call, count, outgoing),
    )
    const options = { ...api.options, keys: api.keys({ secret: () => current }) }
    const relays = await Promise.all([startRelay(options), startRelay(options), startRelay(options)])
    await askAll(api, relays, 3)
    current = newSecret
    // The old tokens end too.
    api.state.isGood = (token) => token === tokenOf(api.exchanges.length) && token !== tokenOf(1)
    await askAll(api, relays, 60)
    expect(api.exchanges.filter(({ headers }) => headers.authorization === basicOf(newSecret))).toHaveLength(1)
  })
})

describe('the database is away during a call: the relay makes an exchange of its own, and the call does not fail', () => {
  const isAboutTokens = (bytes: Buffer) => bytes.includes('minted_tokens')
  async function relayThroughProxy() {
    const api = await setUp()
    const proxy = await losingProxy(api.database)
    const relay = await startRelay({ ...api.options, database: proxy.database })
    await relay.relay.ready
    const ask = async () => {
      expect(await api.askAt(relay)).toEqual({ token: '$CLIENT_SECRET' })
      expect(api.exchanges).toHaveLength(1)
    }
    return { api, proxy, ask, log: relay.log }
  }

  test('it breaks the connections', async () => {
    const { proxy, ask, api } = await relayThroughProxy()
    proxy.cutAt(isAboutTokens)
    await ask()
    proxy.mend()
    await ask()
    expect(await api.rows()).toEqual([])
  })

  test('it does not answer', async () => {
    const { proxy, ask } = await relayThroughProxy()
    const release = proxy.holdUp(isAboutTokens)
    await ask()
    release()
    await ask()
  })

  test('it has no such table', async () => {
    const { api, ask, log } = await relayThroughProxy()
    await postgres.query(api.database, 'DROP TABLE minted_tokens')
    await ask()
    expect(log).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringMatching(/cannot share a token/) as string }),
    )
  })
})

describe('a row that something else wrote', () => {
  test.each([
    ['garbage', `outcome = 'garbage', usable_until = 9000000000000, ends_at = 9000000000000`],
    ['an empty outcome', `outcome = '', usable_until = 9000000000000`],
    ['a lease without end', `usable_until = 0, minter = 'x', minter_until = 9000000000000`],
    [
      'the outcome of another key',
      `outcome = (SELECT outcome FROM minted_tokens AS other WHERE other.id <> minted_tokens.id)`,
    ],
  ])('%s: the relay makes a new token, and sends none of another key', async (_what, change) => {
    const api = await setUp()
    api.state.isGood = () => true
    const [first] = await api.relays(1)
    await api.askAt(first!)
    // Another key, whose secret and settings are another's.
    const other = await startRelay({ ...api.options, keys: { api: { ...api.keys()['api']!, secret: newSecret } } })
    await api.askAt(other)
    await postgres.query(api.database, `UPDATE minted_tokens SET ${change}`)
    const [second] = await api.relays(1)
    await api.askAt(second!)
    expect(api.exchanges).toHaveLength(3)
    expect(api.sent().at(-1)).toBe(`Bearer ${tokenOf(3)}`)
  })
})

test('clocks that differ by an hour change nothing', async () => {
  const api = await setUp((_call, count, outgoing) => json(outgoing, { access_token: tokenOf(count), expires_in: 600 }))
  const relays = [await startRelayProcess(api.options, 3_600_000), await startRelayProcess(api.options, -3_600_000)]
  for (let round = 0; round < 2; round++) for (const relay of relays) await api.askAt(relay)
  expect(api.exchanges).toHaveLength(1)
})

test('a token of 12,000 characters that lives for ever is shared too', async () => {
  const long = 'x'.repeat(12_000)
  const api = await setUp((_call, _count, outgoing) => json(outgoing, { access_token: long, expires_in: 1e300 }))
  api.state.isGood = (token) => token === long
  await askAll(api, await api.relays(2), 6)
  expect(api.exchanges).toHaveLength(1)
})

test('several relays that start at once on tables of an older version update them', async () => {
  const api = await setUp()
  const [older] = await api.relays(1)
  await older!.relay.close()
  await postgres.query(api.database, 'DROP TABLE minted_tokens')
  await postgres.query(api.database, 'ALTER TABLE stored_keys DROP COLUMN settings')
  await postgres.query(api.database, 'UPDATE relay_version SET version = 9')
  await askAll(api, await api.relays(3), 6)
  expect(api.exchanges).toHaveLength(1)
})

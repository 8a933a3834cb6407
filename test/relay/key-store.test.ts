import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findSecret } from '../../src/attack/find-secret.ts'
import type { KeyChange } from '../../src/protocol/keys.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { newMasterKey } from '../../src/relay/keys/encryption.ts'
import { json, startApi, type Api, type ApiAnswer } from '../helpers/api.ts'
import { administratorOf, setMasterKey, withoutMasterKey } from '../helpers/administrator.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay, type TestRelay } from '../helpers/relay.ts'
import { sqliteFile } from '../helpers/sqlite-file.ts'
import { until } from '../helpers/watched-fetch.ts'

const postgres = postgresOfThisFile()

/** With what breaks careless code, and none that begins as another does. */
const first = 'one-$&"quoted\\"+/=_4f7c1d9e2b8a'
const second = 'two-$&"quoted\\"+/=_a1b2c3d4e5f6'
const third = 'three-$&"quoted\\"+/=_0f1e2d3c4b5a'

/** Runs a statement beside the relay, as somebody does who can write there. */
async function sql<Row = Record<string, unknown>>(database: string, statement: string): Promise<Row[]> {
  if (database.startsWith('postgres:')) return postgres.query<Row>(database, statement)
  const { DatabaseSync } = await import('node:sqlite')
  const other = new DatabaseSync(database, { timeout: 5_000 })
  try {
    return other.prepare(statement).all() as Row[]
  } finally {
    other.close()
  }
}

/** Everything that is kept: the files, or all rows of all tables. */
async function everythingIn(database: string): Promise<Buffer> {
  if (!database.startsWith('postgres:')) {
    const folder = dirname(database)
    const files = (await readdir(folder)).filter((file) => file.startsWith(basename(database)))
    return Buffer.concat(await Promise.all(files.map((file) => readFile(join(folder, file)))))
  }
  const tables = await postgres.query<{ name: string }>(
    database,
    `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
  )
  const rows = await Promise.all(tables.map(({ name }) => postgres.query(database, `SELECT * FROM ${name}`)))
  return Buffer.from(JSON.stringify(rows))
}

const databases: [string, () => Promise<string>][] = [
  ['a SQLite file', sqliteFile],
  ['Postgres', () => postgres.database()],
]

/** Why a relay does not start. */
async function refusal(options: RelayOptions): Promise<string> {
  const { relay } = await startRelay(options)
  return relay.ready.then(
    () => 'it started',
    (error: Error) => error.message,
  )
}

describe.each(databases)('on %s', (_name, makeDatabase) => {
  async function setUp(answer?: ApiAnswer, options: Partial<RelayOptions> = {}) {
    const masterKey = setMasterKey()
    const api = await startApi(answer)
    const database = await makeDatabase()
    const relayOptions: RelayOptions = { database, ...options }
    const started = await startRelay(relayOptions)
    await started.relay.ready
    const change: KeyChange = {
      secret: first,
      locked: false,
      allow: [{ url: `${api.url}/**`, methods: ['GET', 'POST'], allowPrivateNetwork: true }],
      limits: {},
      isNew: true,
    }
    const request = {
      clientSecretName: 'shop',
      url: `${api.url}/v1/things`,
      method: 'POST' as const,
      headers: { authorization: 'Bearer $CLIENT_SECRET' },
      data: {},
    }
    const administrator = administratorOf(started.url)
    return { masterKey, api, database, relayOptions, change, request, administrator, started, ...started }
  }
  const sent = ({ calls }: Api) => calls.map(({ headers }) => headers.authorization?.replace('Bearer ', ''))

  test('a key that is added works at once and after a restart, and its value is kept nowhere as it is', async () => {
    const { api, database, relayOptions, relay, client, administrator, change, request, log } = await setUp(
      ({ headers }, outgoing) => json(outgoing, { echo: headers.authorization }),
    )
    expect((await administrator.put('shop', change)).status).toBe(200)
    // A value with quotes goes with the whole string that it stands in.
    expect(await client.clientSecretRequest(request)).toEqual({ echo: '$CLIENT_SECRET' })
    await administrator.put('shop', { ...change, secret: second, isNew: false })
    await client.clientSecretRequest({ ...request, queue: 'q', poll: 20 })
    const whileItRuns = await everythingIn(database)
    await relay.close()
    const again = await startRelay(relayOptions)
    await again.client.clientSecretRequest(request)
    expect(sent(api)).toEqual([first, second, second])
    await administratorOf(again.url).remove('shop')
    const left = [whileItRuns, await everythingIn(database), Buffer.from(JSON.stringify([log, again.log]))]
    for (const bytes of [...left, Buffer.from(administrator.answers.join('\n'))])
      for (const secret of [first, second]) expect(findSecret(bytes, secret)).toBeNull()
    // The finder sees what there is to be seen.
    expect(findSecret(Buffer.concat([whileItRuns, Buffer.from(first)]), first)).not.toBeNull()
  })

  describe('a row that was changed by hand is refused, and the others go on', () => {
    const allow = `'[{"url":"https://evil.test/**","methods":["POST"]}]'`
    const value = `(SELECT value FROM stored_keys WHERE name = 'other')`
    test.for([
      ['locked, opened', 'locked = 0'],
      ['a rule that is wider', `allow = ${allow}`],
      ['a rule with a space', `allow = allow || ' '`],
      ['no limits', `limits = '{}'`],
      ['another version', 'version = version + 1'],
      ['the value of another key', `value = ${value}`],
      ['the value before as the value', 'value = previous_value, version = previous_version'],
      ['the value as the one before', 'previous_value = value'],
      ['without the value before', 'previous_value = NULL, previous_version = NULL'],
      ['half of the value before', 'previous_version = NULL'],
      ['no value', `value = ''`],
      ['another name', `name = 'renamed'`],
    ] as const)('%s', async ([what, changed]) => {
      const { api, database, relayOptions, started, administrator, change, request } = await setUp(undefined, {
        authenticate: (asked) => asked.headers.get('x-user'),
      })
      const limited = { ...change, locked: true, limits: { requestsPerMinute: 60 } }
      await administrator.put('shop', limited)
      await administrator.put('shop', { ...limited, secret: second, isNew: false })
      await administrator.put('other', { ...change, secret: third })
      await sql(database, `UPDATE stored_keys SET ${changed} WHERE name = 'shop'`)

      const name = what === 'another name' ? 'renamed' : 'shop'
      const check = async ({ url, log }: TestRelay) => {
        // Asking for the list also makes a relay that runs look again.
        const entry = await administratorOf(url).entry(name)
        expect(entry).toMatchObject({
          problem: expect.stringMatching(
            /something other than a relay changed its row in the database.*add it again/,
          ) as string,
          allow: [],
          words: { callers: 'No caller.', rules: [] },
        })
        expect(entry).not.toHaveProperty('ending')
        const statusOf = (clientSecretName: string) =>
          fetch(`${url}/requests`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'x-user': 'ada' },
            body: JSON.stringify({ ...request, clientSecretName }),
          }).then(({ status }) => status)
        expect(await statusOf(name)).toBe(404)
        expect(await statusOf('other')).toBe(200)
        expect(log.filter(({ message }) => message.includes('changed its row in the database'))).toHaveLength(1)
      }
      await check(started)
      await started.relay.close()
      const again = await startRelay(relayOptions)
      await check(again)
      // A change does not make it right. It is removed, and registered anew.
      const more = administratorOf(again.url)
      const refused = await more.put(name, { ...change, secret: second, isNew: false })
      expect(refused.body.error).toMatchObject({
        path: 'name',
        message: expect.stringMatching(/changed its row in the database/) as string,
      })
      expect((await more.remove(name)).body).toEqual({ removed: true })
      expect((await more.put(name, change)).status).toBe(200)
      expect(new Set(sent(api))).toEqual(new Set([third]))
    })
  })

  describe('the master key', () => {
    test.for([
      ['that is missing', undefined, /The master key is missing.*CLIENT_SECRET_MASTER_KEY is not set/i],
      ['that was changed', newMasterKey(), /The master key is not the one from before.*To change to a new master key/i],
      [
        'that is cut off',
        newMasterKey().slice(0, 20),
        /CLIENT_SECRET_MASTER_KEY is not valid: it has 20 characters, and a master key is 32 bytes in base64/,
      ],
      ['that is a word', 'correct horse battery staple', /CLIENT_SECRET_MASTER_KEY is not valid/],
      ['of which one of two is wrong', `${newMasterKey()},x`, /is not valid: item 2 has 1 characters/],
    ] as const)('%s: the relay does not start, says which, and destroys nothing', async ([, wrong, sentence]) => {
      const { masterKey, database, relayOptions, relay, api, administrator, change, request } = await setUp()
      await administrator.put('shop', change)
      await relay.close()
      const rows = () => sql(database, 'SELECT * FROM stored_keys')
      const before = await rows()

      if (wrong === undefined) withoutMasterKey()
      else setMasterKey(wrong)
      const said = await refusal(relayOptions).catch((error: Error) => error.message)
      expect(said).toMatch(/^The relay does not start: /)
      expect(said).toMatch(sentence)
      for (const secret of [masterKey, wrong ?? masterKey]) expect(said).not.toContain(secret)
      expect(await rows()).toEqual(before)

      setMasterKey(masterKey)
      const again = await startRelay(relayOptions)
      await again.client.clientSecretRequest(request)
      expect(sent(api)).toEqual([first])
    })

    test('is changed by writing the new one before the old one; then the old one can go', async () => {
      const { masterKey, database, relayOptions, relay, api, administrator, change, request } = await setUp()
      await administrator.put('shop', change)
      await administrator.put('shop', { ...change, secret: second, isNew: false })
      await relay.close()
      const newer = newMasterKey()
      const sealedWith = () => sql(database, 'SELECT master_key, value FROM stored_keys')
      const [before] = await sealedWith()

      setMasterKey(`${newer}, ${masterKey}`)
      const both = await startRelay(relayOptions)
      await both.client.clientSecretRequest(request)
      await administratorOf(both.url).put('other', { ...change, secret: third })
      await both.relay.close()
      const after = await sealedWith()
      expect(new Set(after.map((row) => row['master_key'])).size).toBe(1)
      expect(after[0]).not.toEqual(before)

      setMasterKey(masterKey)
      expect(await refusal(relayOptions)).toMatch(/the master key is not the one from before/)
      setMasterKey(newer)
      const last = await startRelay(relayOptions)
      await last.client.clientSecretRequest(request)
      expect(sent(api)).toEqual([second, second])
      // An older one that is not there, beside one that is.
      await last.relay.close()
      await sql(database, `UPDATE stored_keys SET master_key = '0000000000000000' WHERE name = 'other'`)
      expect(await refusal(relayOptions)).toMatch(
        /a master key is missing: 1 of the 2 .* need the one with the id 0000000000000000/,
      )
    })

    test('a row that was changed by hand is not made right by a new master key', async () => {
      const { masterKey, database, relayOptions, relay, administrator, change } = await setUp()
      await administrator.put('shop', { ...change, limits: { requestsPerMinute: 1 } })
      await relay.close()
      await sql(database, `UPDATE stored_keys SET limits = '{}'`)
      setMasterKey(`${newMasterKey()},${masterKey}`)
      const { url } = await startRelay(relayOptions)
      expect((await administratorOf(url).entry('shop'))?.problem).toMatch(/changed its row in the database/)
    })

    test('without one, and with no stored key, the relay starts, and says what to set when a key is added', async () => {
      withoutMasterKey()
      const database = await makeDatabase()
      const { url } = await startRelay({ database, keys: { api: keyFor('http://127.0.0.1:1') } })
      const { status, body } = await administratorOf(url).put('shop', {
        secret: first,
        locked: false,
        allow: [{ url: 'https://api.example.com/x', methods: ['POST'] }],
      })
      expect([status, body.error?.message]).toEqual([
        400,
        expect.stringMatching(/no master key.*CLIENT_SECRET_MASTER_KEY.*client-secret-relay master-key/),
      ])
      expect(await administratorOf(url).list()).toMatchObject([{ name: 'api', source: 'options', createdAt: null }])
    })
  })

  describe('two live values', () => {
    /** An API that takes these values, and says which one came. */
    const taking =
      (valid: Set<string>): ApiAnswer =>
      ({ headers }, outgoing) => {
        const value = headers.authorization?.replace('Bearer ', '') ?? ''
        json(outgoing, { both: [first, second] }, valid.has(value) ? 200 : 401)
      }

    test('where the API refuses the new one, the other is used once and from then on, and that is told', async () => {
      const valid = new Set([first])
      const { api, client, administrator, change, request, log, relay, relayOptions } = await setUp(taking(valid))
      await administrator.put('shop', change)
      await administrator.put('shop', { ...change, secret: second, isNew: false })
      // Whatever the answer is made of, none of the two comes out.
      const both = { both: ['$CLIENT_SECRET', '$CLIENT_SECRET'] }
      expect(await client.clientSecretRequest(request)).toEqual(both)
      expect(sent(api)).toEqual([second, first])
      await client.clientSecretRequest(request)
      expect(sent(api)).toEqual([second, first, first])
      expect(log.filter(({ level }) => level === 'warn')).toMatchObject(
        [
          {
            details: { key: 'shop', version: 2, workedWith: 1 },
            message: /refused the newest value of the key "shop"/,
          },
        ].map((line) => ({ ...line, message: expect.stringMatching(line.message) as string })),
      )
      expect(await administrator.entry('shop')).toMatchObject({ uses: 2, fellBackAt: expect.any(Number) as number })

      // The API has changed over.
      valid.delete(first)
      valid.add(second)
      expect(await client.clientSecretRequest(request)).toEqual(both)
      await client.clientSecretRequest(request)
      expect(sent(api).slice(3)).toEqual([first, second, second])
      await relay.close()
      // It is known after a restart too, until there is a newer value.
      const again = administratorOf((await startRelay(relayOptions)).url)
      expect(await again.entry('shop')).toMatchObject({ uses: 4, fellBackAt: expect.any(Number) as number })
      await again.put('shop', { ...change, secret: third, isNew: false })
      expect(await again.entry('shop')).not.toHaveProperty('fellBackAt')
    })

    test('where both are refused, the first answer is the answer, and both come out of nothing', async () => {
      const { api, client, administrator, change, request } = await setUp(taking(new Set()))
      await administrator.put('shop', change)
      await administrator.put('shop', { ...change, secret: second, isNew: false })
      const error = await client.clientSecretRequest(request).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({
        code: 'UPSTREAM_ERROR',
        status: 401,
        data: { both: ['$CLIENT_SECRET', '$CLIENT_SECRET'] },
      })
      // A new value is tried once more while it is new.
      expect(sent(api)).toEqual([second, first, second])
      // Nothing was learned from that.
      await client.clientSecretRequest(request).catch(() => {})
      expect(sent(api).slice(3)).toEqual([second, first, second])
    })

    test('an API that learns of the new value between two calls, and forgets the old one, is asked again', async () => {
      const valid = new Set([first])
      const { api, client, administrator, change, request } = await setUp(async (...asked) => {
        await taking(valid)(...asked)
        valid.clear()
        valid.add(second)
      })
      await administrator.put('shop', change)
      await administrator.put('shop', { ...change, secret: second, isNew: false })
      await client.clientSecretRequest(request)
      expect(sent(api)).toEqual([second, first, second])
    })

    test.for([
      ['was removed', (administrator: Administrator) => administrator.remove('shop')],
      [
        'goes there no more',
        (administrator: Administrator, change: KeyChange) =>
          administrator.put('shop', {
            ...change,
            secret: undefined,
            allow: [{ ...change.allow[0]!, methods: ['GET'] }],
            isNew: false,
          }),
      ],
    ] as const)('no second call with a key that, meanwhile, %s', async ([, meanwhile]) => {
      const { api, client, administrator, change, request } = await setUp(async (_call, outgoing) => {
        await meanwhile(administrator, change)
        json(outgoing, {}, 401)
      })
      await administrator.put('shop', change)
      await administrator.put('shop', { ...change, secret: second, isNew: false })
      await expect(client.clientSecretRequest(request)).rejects.toMatchObject({ status: 401 })
      expect(sent(api)).toEqual([second])
    })

    test('a value that came meanwhile is used too, and of all three none comes out', async () => {
      const { api, client, administrator, change, request } = await setUp(async ({ headers }, outgoing) => {
        if (api.calls.length === 1) await administrator.put('shop', { ...change, secret: third, isNew: false })
        const isValid = headers.authorization === `Bearer ${third}`
        json(outgoing, { all: [first, second, third] }, isValid ? 200 : 401)
      })
      await administrator.put('shop', change)
      await administrator.put('shop', { ...change, secret: second, isNew: false })
      const all = ['$CLIENT_SECRET', '$CLIENT_SECRET', '$CLIENT_SECRET']
      expect(await client.clientSecretRequest(request)).toEqual({ all })
      expect(sent(api)).toEqual([second, third])
    })

    test('a value that another relay was given, and of which this one has not heard, is asked for', async () => {
      const { api, client, administrator, change, request, database } = await setUp(taking(new Set([second])))
      const rowNow = async () =>
        (await sql<Record<string, string | number | null>>(database, 'SELECT * FROM stored_keys'))[0]!
      const writeUnheard = (row: Record<string, string | number | null>) =>
        sql(
          database,
          `UPDATE stored_keys SET ${Object.entries(row)
            .map(([column, value]) => `${column} = ${value === null ? 'NULL' : `'${value}'`}`)
            .join(', ')}`,
        )
      await administrator.put('shop', change)
      const before = await rowNow()
      await administrator.put('shop', { ...change, secret: second, isNew: false })
      const after = await rowNow()
      await writeUnheard(before)
      // A listing reads them anew, so that the relay has the old one now.
      expect(await administrator.entry('shop')).toMatchObject({ version: 1 })
      await writeUnheard(after)
      expect(await client.clientSecretRequest(request)).toEqual({ both: ['$CLIENT_SECRET', '$CLIENT_SECRET'] })
      expect(sent(api)).toEqual([first, second])
    })

    test('a POST that led to a redirect was taken, and is not sent again where the redirect is refused', async () => {
      const { api, client, administrator, change, request } = await setUp(({ method, headers }, outgoing) => {
        if (method === 'POST') return json(outgoing, {}, 303, { location: '/v1/result' })
        json(outgoing, {}, headers.authorization === `Bearer ${first}` ? 200 : 401)
      })
      await administrator.put('shop', change)
      await administrator.put('shop', { ...change, secret: second, isNew: false })
      await client.clientSecretRequest(request)
      expect(api.calls.map(({ method }, index) => [method, sent(api)[index]])).toEqual([
        ['POST', second],
        ['GET', second],
        ['GET', first],
      ])
    })

    test('under load, while the value changes again and again, nothing fails', async () => {
      const valid = new Set([first])
      const { api, client, administrator, change, request } = await setUp(taking(valid))
      await administrator.put('shop', change)
      let isOver = false
      const failures: unknown[] = []
      let count = 0
      const send = async (lane: number) => {
        while (!isOver) {
          const queued = lane % 2 ? { queue: `q${lane}`, poll: 10 } : {}
          await client.clientSecretRequest({ ...request, ...queued }).then(
            () => count++,
            (error) => failures.push(error),
          )
        }
      }
      const lanes = [0, 1, 2, 3].map(send)
      const some = () => {
        const before = count
        return until(() => count > before + 10 || failures.length > 0)
      }
      for (let turn = 0, last = first; turn < 5; turn++) {
        const value = `value-number-${turn}-0123456789`
        await some()
        await administrator.put('shop', { ...change, secret: value, isNew: false })
        await some()
        // Now the API knows it too, then the one before no more.
        valid.add(value)
        await some()
        valid.delete(last)
        last = value
      }
      isOver = true
      await Promise.all(lanes)
      expect(failures).toEqual([])
      expect(new Set(sent(api)).size).toBe(6)
    })
  })

  test('a key of the options wins over a stored one of its name, and says so', async () => {
    const { api, relay, relayOptions, administrator, change, request } = await setUp()
    await administrator.put('shop', change)
    await relay.close()
    const options = { ...relayOptions, keys: { shop: { ...keyFor(api.url), secret: third } } }
    const both = await startRelay(options)
    await both.client.clientSecretRequest(request)
    expect(sent(api)).toEqual([third])
    const listed = await administratorOf(both.url).list()
    expect(listed.map(({ source, isOverridden, uses }) => [source, isOverridden, uses])).toEqual([
      ['options', undefined, 1],
      ['store', true, 0],
    ])
    expect(
      both.log.filter(({ message }) =>
        /does not use the registered key "shop": keys.shop in its options has the same name/.test(message),
      ),
    ).toHaveLength(1)
    await both.relay.close()
    const alone = await startRelay(relayOptions)
    await alone.client.clientSecretRequest(request)
    expect(sent(api)).toEqual([third, first])
  })

  test('uses are counted, also those of queues, and what was refused is none', async () => {
    const { relay, relayOptions, client, administrator, change, request } = await setUp()
    await administrator.put('shop', change)
    expect(await administrator.entry('shop')).toMatchObject({ uses: 0, lastUsedAt: null })
    const began = Date.now()
    await client.clientSecretRequest(request)
    await client.clientSecretRequest({ ...request, queue: 'q', poll: 20 })
    await client.clientSecretRequest({ ...request, url: 'https://elsewhere.test/' }).catch(() => {})
    const entry = await administrator.entry('shop')
    expect(entry?.uses).toBe(2)
    expect(entry?.lastUsedAt).toBeGreaterThanOrEqual(began)
    await relay.close()
    const again = administratorOf((await startRelay(relayOptions)).url)
    expect(await again.entry('shop')).toMatchObject({ uses: 2, lastUsedAt: entry?.lastUsedAt })
    await again.put('shop', { ...change, secret: second, isNew: false })
    expect(await again.entry('shop')).toMatchObject({ uses: 2, version: 2 })
  })

  test('limits and locks of a stored key hold, and change while the relay runs', async () => {
    const { url, administrator, change, request } = await setUp(undefined, {
      authenticate: (asked) => asked.headers.get('x-user'),
    })
    const use = (headers: Record<string, string> = {}) =>
      fetch(`${url}/requests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'client-session': 'a'.repeat(30), ...headers },
        body: JSON.stringify(request),
      }).then(({ status }) => status)
    await administrator.put('shop', { ...change, limits: { requestsPerMinute: 1 } })
    expect([await use(), await use()]).toEqual([200, 429])
    await administrator.put('shop', { ...change, limits: { requestsPerMinute: 100 }, isNew: false })
    expect([await use(), await use()]).toEqual([200, 200])
    await administrator.put('shop', { ...change, locked: true, isNew: false })
    expect([await use(), await use({ 'x-user': 'ada' })]).toEqual([401, 200])
    await administrator.remove('shop')
    expect(await use({ 'x-user': 'ada' })).toBe(404)
  })

  test('two that add the same name at once: one of them is told that it is taken', async () => {
    const { administrator, change } = await setUp()
    const answers = await Promise.all([1, 2, 3].map(() => administrator.put('shop', change)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
  })
})

type Administrator = ReturnType<typeof administratorOf>

describe('several relays on one Postgres', () => {
  test('hear at once of what is added, rotated and removed at another', async () => {
    const masterKey = setMasterKey()
    const api = await startApi()
    const database = await postgres.database()
    const [one, other] = [await startRelay({ database }), await startRelay({ database })]
    await Promise.all([one.relay.ready, other.relay.ready])
    const change = {
      secret: first,
      locked: false,
      allow: [{ url: `${api.url}/**`, methods: ['POST'], allowPrivateNetwork: true }],
    }
    const status = () =>
      fetch(`${other.url}/requests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'client-session': 'a'.repeat(30) },
        body: JSON.stringify({
          clientSecretName: 'shop',
          url: `${api.url}/`,
          method: 'POST',
          headers: { authorization: '$CLIENT_SECRET' },
        }),
      }).then((response) => response.status)
    /** Well before it would look by itself. */
    const soon = async (expected: () => Promise<boolean>) => {
      const began = performance.now()
      while (!(await expected())) expect(performance.now() - began).toBeLessThan(5_000)
    }
    const administrator = administratorOf(one.url)
    await administrator.put('shop', change)
    await soon(async () => (await status()) === 200)
    await administrator.put('shop', { ...change, secret: second, isNew: false })
    await soon(async () => (await status()) === 200 && api.calls.at(-1)?.headers.authorization === second)

    // One that has a newer master key seals everything anew; those that do not have it yet go on with what they know.
    setMasterKey(`${newMasterKey()},${masterKey}`)
    const newer = await startRelay({ database })
    await newer.relay.ready
    expect(await administratorOf(newer.url).entry('shop')).toMatchObject({ version: 2 })
    expect((await administrator.entry('shop'))?.problem).toBeUndefined()
    expect(await status()).toBe(200)
    // But not with what they cannot read.
    await administratorOf(newer.url).put('shop', { ...change, secret: third, isNew: false })
    expect((await administrator.entry('shop'))?.problem).toMatch(/does not hold the master key that encrypts it/)
    const refused = await administrator.put('shop', { ...change, isNew: false })
    expect(refused.body.error?.message).toMatch(/Start this relay with the master keys of the other relays/)

    await administratorOf(newer.url).remove('shop')
    await soon(async () => (await status()) === 404)
  })
})

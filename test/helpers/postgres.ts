import { afterAll, beforeAll } from 'vitest'
import { startPostgres, type StartedPostgres } from './start-postgres.ts'

export type TestPostgres = Pick<StartedPostgres, 'database' | 'query' | 'stop' | 'start'>

/** A real Postgres for the tests of a file, gone at the end. */
export function postgresOfThisFile(): TestPostgres {
  let postgres: StartedPostgres
  beforeAll(async () => {
    postgres = await startPostgres()
  }, 60_000)
  afterAll(() => postgres.remove(), 60_000)

  return {
    database: () => postgres.database(),
    query: (...given) => postgres.query(...given),
    stop: () => postgres.stop(),
    start: () => postgres.start(),
  }
}

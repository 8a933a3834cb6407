import { isClientSecretError } from '../../protocol/errors.ts'

/** What Postgres says, by its code; and what to do about it. */
const ofPostgres: Record<string, string> = {
  '28P01': 'its database refuses the password. Correct the user or the password in the option database',
  '28000': 'its database refuses the user. Correct the user in the option database, or pg_hba.conf there',
  '3D000': 'there is no such database. Create it, or correct the name in the option database',
  '42501':
    'its user may not make or use its tables. Grant it CREATE on the database and on its schema public, or make it their owner',
  '25006': 'its database is read-only, such as a standby. Give the address of the one that is written to',
  '53300':
    'its database has no connection free. Raise max_connections there, or run fewer relays; each takes up to 9 connections',
  '42703':
    'its tables are not as the relay made them. Give back what is missing, or give the relay a database of its own',
  '42P01':
    'its tables are not as the relay made them. Give back what is missing, or give the relay a database of its own',
}

/** The same of SQLite. */
const ofSqlite: Record<number, string> = {
  1: ofPostgres['42703']!,
  8: 'its database is read-only. Let the relay write the file and its folder',
  11: 'its database file is damaged. Restore it from a backup, or move it away',
  26: 'its database is no SQLite file. Correct the path in the option database',
}

/** Why a relay does not start, in a sentence that says what to do; also where a library has said something else. */
export function startError(thrown: unknown): unknown {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    const { code = '', errcode = 0 } = error as NodeJS.ErrnoException & { errcode?: number }
    const sentence = ofPostgres[code] ?? ofSqlite[errcode & 0xff]
    if (sentence)
      return new Error(`The relay does not start: ${sentence}. It says: ${error.message}`, { cause: thrown })
  }
  if (!isClientSecretError(thrown) || thrown.code !== 'UNAVAILABLE') return thrown
  const reason = thrown.cause instanceof Error ? thrown.cause.message : thrown.message
  return new Error(
    `The relay does not start: its database broke off: ${reason}. Is it running? Start the relay again.`,
    {
      cause: thrown,
    },
  )
}

import { isClientSecretError } from '../../protocol/errors.ts'
import { startFailure, type StartProblem } from '../common/config-error.ts'

const missingColumn: StartProblem = {
  reason: 'its tables are not as the relay made them',
  remedy: 'Restore the missing tables and columns, or give the relay a database of its own.',
}

/** By the code of Postgres. */
const problemsOfPostgres: Record<string, StartProblem> = {
  '28P01': {
    reason: 'its database refuses the password',
    remedy: 'Correct the user or the password in the option database.',
  },
  '28000': {
    reason: 'its database refuses the user',
    remedy: 'Correct the user in the option database, or pg_hba.conf of the server.',
  },
  '3D000': {
    reason: 'there is no such database',
    remedy: 'Create it, or correct the name in the option database.',
  },
  '42501': {
    reason: 'its user may not make or use its tables',
    remedy: 'Grant it CREATE on the database and on its schema public, or make it their owner.',
  },
  '25006': {
    reason: 'its database is read-only, such as a standby',
    remedy: 'Give the address of the primary server.',
  },
  '53300': {
    reason: 'its database has no connection free',
    remedy: 'Raise max_connections of the server, or run fewer relays; each takes up to 9 connections.',
  },
  '42703': missingColumn,
  '42P01': missingColumn,
}

/** By the primary code of SQLite. */
const problemsOfSqlite: Record<number, StartProblem> = {
  1: missingColumn,
  8: { reason: 'its database is read-only', remedy: 'Let the relay write the file and its folder.' },
  11: { reason: 'its database file is damaged', remedy: 'Restore it from a backup, or move it away.' },
  26: { reason: 'its database is not a SQLite file', remedy: 'Correct the path in the option database.' },
}

/** Causes of an error to look at; a library may wrap the error of the database. */
const maxDepth = 5

/** Replaces an error of the database, also within an error of a library, with one that says what to do. */
export function explainStartFailure(thrown: unknown): unknown {
  for (let error = thrown, depth = 0; error instanceof Error && depth < maxDepth; error = error.cause, depth++) {
    const { code = '', errcode = 0 } = error as NodeJS.ErrnoException & { errcode?: number }
    const problem = problemsOfPostgres[code] ?? problemsOfSqlite[errcode & 0xff]
    if (problem)
      return startFailure({ ...problem, remedy: `${problem.remedy} The database says: ${error.message}` }, thrown)
  }
  if (!isClientSecretError(thrown) || thrown.code !== 'UNAVAILABLE') return thrown
  const reason = thrown.cause instanceof Error ? thrown.cause.message : thrown.message
  return startFailure(
    {
      reason: `its database broke the connection: ${reason}`,
      remedy: 'Check that the database is running, and start the relay again.',
    },
    thrown,
  )
}

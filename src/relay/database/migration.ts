import type { Database } from './database.ts'

/** SQL, for both databases, from one version of the tables to the next. */
export type Migration = (dialect: Database['dialect']) => string[]

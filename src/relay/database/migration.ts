import type { Database } from './database.ts'

/** A step from one version of the tables to the next: statements that both databases understand. */
export type Migration = (dialect: Database['dialect']) => string[]

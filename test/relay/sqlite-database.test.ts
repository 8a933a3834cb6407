import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from '../../src/relay/sqlite-database.ts'

test('what waits for another writer is not taken back with a transaction that began meanwhile', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-'))
  const path = join(folder, 'relay.db')
  const database = await openSqlite(path)
  const backup = new DatabaseSync(path)
  onTestFinished(async () => {
    backup.close()
    await database.close()
    rmSync(folder, { recursive: true })
  })
  await database.query('CREATE TABLE kept (name TEXT)')

  backup.exec('BEGIN IMMEDIATE')
  const alone = database.query(`INSERT INTO kept VALUES ('alone')`)
  backup.exec('COMMIT')
  let fail = () => {}
  const failure = new Promise<never>((_, reject) => (fail = () => reject(new Error('taken back'))))
  let begun = () => {}
  const hasBegun = new Promise<void>((resolve) => (begun = resolve))
  const together = database.transaction([], async (transaction) => {
    await transaction.query(`INSERT INTO kept VALUES ('together')`)
    begun()
    await failure
  })
  await hasBegun
  // Longer than the time after which the first statement is tried again.
  await Promise.race([alone, new Promise((resolve) => setTimeout(resolve, 100))])
  fail()

  await expect(together).rejects.toThrow('taken back')
  await alone
  expect(await database.query('SELECT name FROM kept')).toEqual([{ name: 'alone' }])
})

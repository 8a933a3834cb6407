import type { Database } from './database.ts'
import { sharedNow } from './record-columns.ts'

/** The tokens that relays on one database share, by the clock of the database. Their text is encrypted by the caller. */
export interface MintedTokens {
  /** Claims the right to make the outcome, or says what there is. */
  claim(claim: Claim): Promise<Claimed>
  /** Keeps the right of this minter; without effect if another one has it. */
  renew(id: string, minter: string): Promise<void>
  /** Writes an outcome and gives the right back; without effect if another minter has it. */
  store(id: string, minter: string, outcome: StoredOutcome): Promise<void>
  /** Gives the right back without an outcome. */
  release(id: string, minter: string): Promise<void>
  /** Removes the outcomes that have ended. */
  removeOld(): Promise<void>
}

export interface Claim {
  id: string
  minter: string
  /** An outcome that is of no use, such as a token that an API refused. */
  useless: string | null
}

/** Times in milliseconds from now. */
export interface StoredOutcome {
  outcome: string
  usableFor: number
  endsIn: number
}

/** `mint`: this relay makes the outcome. `wait`: another relay makes it. */
export type Claimed = 'mint' | 'wait' | StoredOutcome

/** Milliseconds for which a minter that is silent keeps its right: a relay may die in an exchange. */
export const mintingLease = 6_000

/** Milliseconds: ten years. */
const maxLifetime = 315_360_000_000

interface Row {
  outcome: string | null
  usable_for: number
  ends_in: number
}

export function createMintedTokens(database: Pick<Database, 'query' | 'dialect'>): MintedTokens {
  const now = sharedNow(database)
  const after = (parameter: string, times = 1) => `${now} + ${times} * CAST(${parameter} AS BIGINT)`
  const whole = (milliseconds: number) => Math.round(Math.min(Math.max(milliseconds, 0), maxLifetime))

  return {
    async claim({ id, minter, useless }) {
      // One statement, so that no other relay comes between. No relay has a right of two leases: such a row is damaged.
      const claimed = await database.query(
        `INSERT INTO minted_tokens (id, usable_until, ends_at, minter, minter_until)
         VALUES ($1, 0, 0, $2, ${after('$4')})
         ON CONFLICT (id) DO UPDATE SET minter = excluded.minter, minter_until = excluded.minter_until
         WHERE (minted_tokens.usable_until <= ${now} OR minted_tokens.outcome = CAST($3 AS TEXT))
           AND (minted_tokens.minter_until <= ${now} OR minted_tokens.minter_until > ${after('$4', 2)})
         RETURNING id`,
        [id, minter, useless, mintingLease],
      )
      if (claimed.length > 0) return 'mint'
      const [row] = await database.query<Row>(
        `SELECT outcome, usable_until - ${now} AS usable_for, ends_at - ${now} AS ends_in
         FROM minted_tokens WHERE id = $1`,
        [id],
      )
      if (!row || row.outcome === null || row.outcome === useless || row.usable_for <= 0) return 'wait'
      return { outcome: row.outcome, usableFor: row.usable_for, endsIn: row.ends_in }
    },

    async renew(id, minter) {
      await database.query(`UPDATE minted_tokens SET minter_until = ${after('$3')} WHERE id = $1 AND minter = $2`, [
        id,
        minter,
        mintingLease,
      ])
    },

    async store(id, minter, { outcome, usableFor, endsIn }) {
      await database.query(
        `UPDATE minted_tokens
         SET outcome = $3, usable_until = ${after('$4')}, ends_at = ${after('$5')}, minter = NULL, minter_until = 0
         WHERE id = $1 AND minter = $2`,
        [id, minter, outcome, whole(usableFor), whole(endsIn)],
      )
    },

    async release(id, minter) {
      await database.query('UPDATE minted_tokens SET minter = NULL, minter_until = 0 WHERE id = $1 AND minter = $2', [
        id,
        minter,
      ])
    },

    async removeOld() {
      await database.query(`DELETE FROM minted_tokens WHERE ends_at <= ${now} AND minter_until <= ${now}`)
    },
  }
}

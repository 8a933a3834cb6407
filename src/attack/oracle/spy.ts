import type { Attacker, Sent } from '../attacker.ts'
import type { Caught } from '../fake-internet.ts'
import { httpAnswer, type HttpAnswer } from '../raw-http.ts'
import type { Target, Wish } from '../target.ts'

/** An answer as a caller of the relay sees it, without ids and times, which differ between calls. */
export interface Seen {
  status: number
  headers: Record<string, string>
  /** The body of the API's answer. */
  text: string
  /** The relay's own message, with its code and field. */
  error: string
  milliseconds: number
}

export interface Question extends Sent {
  /** The changes to a baseline request. */
  change?: Partial<Wish>
  /** The API's answer. */
  answer?: (call: Caught) => HttpAnswer | null
}

/** The tools of a learning attacker: it asks questions, and claims the characters it knows. */
export interface Spy {
  target: Target
  /** The public facts about the secret's format. */
  format: Target['format'] & { length: number }
  /** Rejects after the budget is spent. */
  ask(question: Question): Promise<Seen>
  /** The caller's newest record, read from the history. */
  readHistory(): Promise<Seen>
  /** The number of requests sent. */
  sent(): number
  /** Claims these characters at this position of the secret. */
  claim(at: number, characters: string): void
  /** Records a measurement that is not a verdict. */
  note(text: string): void
  /** The secret, for use in the API's answers only. */
  secretAtTheApi: string
}

/** The attacker has used its budget of requests. */
export class BudgetSpentError extends Error {}

export interface Case {
  target: Target
  /** The target of the wanted secret. It differs if the attacker uses another key. */
  victim: Target
}

/** @param claims The attacker's claims by position. A later claim replaces an earlier one. */
export function createSpy(attacker: Attacker, { target, victim }: Case, claims: Map<number, string>): Spy {
  let sent = 0
  const count = () => {
    if (sent === attacker.budget) throw new BudgetSpentError('the budget is spent')
    sent++
  }
  return {
    target,
    format: { ...victim.format, length: victim.canary.length },
    secretAtTheApi: victim.canary,
    sent: () => sent,
    async ask({ change = {}, answer = () => ({}), ...as }) {
      count()
      attacker.world({
        answer: (call) => {
          const given = answer(call)
          return [given && httpAnswer(given)]
        },
      })
      const started = performance.now()
      const { status, body } = await attacker.probe(target.baseline(change), as)
      return seenIn(status, body, performance.now() - started)
    },
    async readHistory() {
      count()
      const { status, body } = await attacker.probe('/requests?limit=1')
      return seenIn(status, body, 0)
    },
    claim(at, characters) {
      for (const [index, character] of [...characters].entries()) claims.set(at + index, character)
    },
    note: (text) => attacker.note(text),
  }
}

interface Shown {
  response?: { status: number; headers: Record<string, string>; body: string; encoding?: string }
  error?: { code: string; message: string; path?: string }
  records?: Shown[]
}

function seenIn(status: number, body: Buffer, milliseconds: number): Seen {
  const shown = JSON.parse(body.toString()) as Shown
  const { response, error } = shown.records?.[0] ?? shown
  const text = response?.encoding === 'base64' ? Buffer.from(response.body, 'base64').toString() : response?.body
  return {
    status: response?.status ?? status,
    headers: response?.headers ?? {},
    text: text ?? '',
    error: [error?.code, error?.path, error?.message].filter(Boolean).join(' '),
    milliseconds,
  }
}

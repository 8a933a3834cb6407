import type { Attacker, Sent } from '../attacker.ts'
import type { Caught } from '../fake-internet.ts'
import { httpAnswer, type HttpAnswer } from '../raw-http.ts'
import type { Target, Wish } from '../target.ts'

/** An answer as a caller sees it behind the relay, without what differs from call to call: ids and times. */
export interface RecordVersion {
  status: number
  headers: Record<string, string>
  /** The body of the API's answer. */
  text: string
  /** The relay's own sentence, and which field it names. */
  error: string
  milliseconds: number
}

export interface Question extends Sent {
  /** What is different from an honest request. */
  change?: Partial<Wish>
  /** What the API answers. */
  answer?: (call: Caught) => HttpAnswer | null
}

/** The side of an attacker who learns: asks, and says what it knows by now. */
export interface Spy {
  target: Target
  /** What is known of the secret's kind, and nothing else of it. */
  format: Target['format'] & { length: number }
  /** Rejects when the budget is spent. */
  ask(question: Question): Promise<RecordVersion>
  /** The caller's newest record, read from the history. */
  readHistory(): Promise<RecordVersion>
  /** Requests that were sent. */
  sent(): number
  /** Says that these characters stand at this place of the secret. */
  claim(at: number, characters: string): void
  /** Writes something down that is no verdict. */
  note(text: string): void
  /** An API knows the secret: only what it answers may be made with it. */
  secretAtTheApi: string
}

/** Thrown to an attacker who has asked as often as it may. */
export class BudgetSpentError extends Error {}

export interface Case {
  target: Target
  /** Whose secret it is about; another one where a key is to tell of another. */
  victim: Target
}

/** @param claims What the attacker says it knows, by place; of each place the last that was said. */
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

function seenIn(status: number, body: Buffer, milliseconds: number): RecordVersion {
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

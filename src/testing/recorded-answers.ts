import type { RecordedRequest, Recording } from '../protocol/recording.ts'
import { bytesFrom, type Outcome, type ScriptedAnswer } from './answers.ts'
import type { Script } from './script.ts'
import { wholeOf } from './stream-answers.ts'

/** Scripts recorded answers: each request gets the answers to an equal one, or else the first to its key, url and method. */
export function playRecordings(script: Script, recordings: readonly Recording[], speed: number): void {
  // The script asks the newest first.
  for (const same of [...grouped(recordings, lineOf)].reverse())
    script.on((request) => lineOf(request) === lineOf(same[0]!.request), [answerOf(same[0]!, speed)])
  for (const same of grouped(recordings, contentOf))
    script.on(
      (request) => contentOf(request) === contentOf(same[0]!.request),
      same.map((recording) => answerOf(recording, speed)),
    )
}

function grouped(recordings: readonly Recording[], by: (request: RecordedRequest) => string): Recording[][] {
  const groups = new Map<string, Recording[]>()
  for (const recording of recordings) {
    const name = by(recording.request)
    groups.set(name, [...(groups.get(name) ?? []), recording])
  }
  return [...groups.values()]
}

function lineOf({ clientSecretName, url, method }: RecordedRequest): string {
  return JSON.stringify([clientSecretName, url, method])
}

function contentOf(request: RecordedRequest): string {
  const { params, data } = request
  return lineOf(request) + JSON.stringify(sorted([params, data]))
}

/** With the names of objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]))
}

function answerOf({ after, response, pieces, error, isRefusal = false }: Recording, speed: number): ScriptedAnswer {
  const timed = (milliseconds: number) => milliseconds / speed
  const parts = pieces?.map(({ at, text, base64 }) => ({ at, piece: text ?? bytesFrom(base64!) }))
  return {
    inQueue: 1,
    isRefusal,
    async play({ moveTo, wait, begin, write }) {
      moveTo(1)
      await wait(timed(after))
      if (!parts) return { response, error } as Outcome
      const head = { status: response!.status, headers: response!.headers }
      begin(head)
      let before = 0
      for (const { at, piece } of parts) {
        await wait(timed(at - before))
        before = at
        write(piece)
      }
      return error
        ? { error }
        : wholeOf(
            head,
            parts.map(({ piece }) => piece),
          )
    },
  }
}

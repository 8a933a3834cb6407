import { ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRequest, Method } from '../protocol/request.ts'
import type { ScriptedAnswer } from './answers.ts'

/** Which requests are meant; each field left out matches all. */
export interface RequestMatch {
  clientSecretName?: string | undefined
  /** Exactly as it is sent, or an expression that it matches. `params` are not part of it. */
  url?: string | RegExp | undefined
  /** In any letter case. */
  method?: Method | Lowercase<Method> | undefined
  queue?: string | undefined
}

/** What a request gets: an answer, or a function that makes one from the request. */
export type Answering = ScriptedAnswer | ((request: ClientSecretRequest) => ScriptedAnswer)

/** The answers to the requests that are expected. */
export interface Script {
  on: (match: Matcher, answers: readonly Answering[]) => void
  /**
   * The answer to a request.
   *
   * @throws ClientSecretError `INTERNAL` when there is none; it says what was asked for, and how to script it.
   */
  answerTo: (request: ClientSecretRequest) => ScriptedAnswer
}

/** The fields of a request, or a function that looks at all of it. */
export type Matcher = RequestMatch | ((request: ClientSecretRequest) => boolean)

interface Scene {
  match: Matcher
  answers: readonly Answering[]
  /** How many requests have got an answer of it. */
  taken: number
}

export function createScript(): Script {
  // The newest first, so that a test can say otherwise than what all tests share.
  const scenes: Scene[] = []
  return {
    on: (match, answers) => void scenes.unshift({ match, answers, taken: 0 }),
    answerTo(request) {
      const scene = scenes.find(({ match }) => matches(match, request))
      if (!scene) throw unscripted(request, scenes)
      const answer = scene.answers[Math.min(scene.taken, scene.answers.length - 1)]!
      scene.taken += 1
      return typeof answer === 'function' ? answer(request) : answer
    },
  }
}

function matches(match: Matcher, request: ClientSecretRequest): boolean {
  if (typeof match === 'function') return match(request)
  const { clientSecretName, url, method, queue } = match
  return (
    (clientSecretName === undefined || clientSecretName === request.clientSecretName) &&
    // Not `test`, which remembers where a global expression matched last.
    (url === undefined || (typeof url === 'string' ? url === request.url : request.url.search(url) !== -1)) &&
    (method === undefined || method.toUpperCase() === request.method) &&
    (queue === undefined || queue === request.queue)
  )
}

function unscripted({ clientSecretName, method, url, queue }: ClientSecretRequest, scenes: Scene[]): ClientSecretError {
  const asked = { clientSecretName, url, method, queue }
  const scripted = scenes.map(({ match }) => inWords(match)).reverse()
  return new ClientSecretError(
    'INTERNAL',
    `The testing client has no answer to ${method} ${url}. Script one before it is sent: client.on(${inWords(asked)}, reply({ … })). ` +
      (scripted.length > 0 ? `Scripted are: ${scripted.join('; ')}.` : 'Nothing is scripted yet.'),
  )
}

/** As it stands in a test. */
function inWords(match: Matcher): string {
  if (typeof match === 'function') return String(match)
  const fields = Object.entries(match).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value instanceof RegExp ? String(value) : `'${value}'`}`,
  )
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

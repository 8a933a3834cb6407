import { ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRequest, Method } from '../protocol/request.ts'
import type { ScriptedAnswer } from './answers.ts'

/** Selects requests. A missing field matches all. */
export interface RequestMatch {
  clientSecretName?: string | undefined
  /** The exact url, or an expression for it. `params` are not part of it. */
  url?: string | RegExp | undefined
  /** In any letter case. */
  method?: Method | Lowercase<Method> | undefined
  queue?: string | undefined
}

/** An answer, or a function that returns one for the request. */
export type Answering = ScriptedAnswer | ((request: ClientSecretRequest) => ScriptedAnswer)

/** The answers to the expected requests. */
export interface Script {
  on: (match: Matcher, answers: readonly Answering[]) => void
  /**
   * The answer to a request.
   *
   * @throws ClientSecretError `INTERNAL` without an answer. The message names the request and how to script it.
   */
  answerTo: (request: ClientSecretRequest) => ScriptedAnswer
}

/** Fields of a request, or a function of the whole request. */
export type Matcher = RequestMatch | ((request: ClientSecretRequest) => boolean)

interface Scene {
  match: Matcher
  answers: readonly Answering[]
  /** The number of requests that took an answer. */
  taken: number
}

export function createScript(): Script {
  // The newest first, so that a test can override what all tests share.
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
    // Not `test`, which continues after the last match of a global expression.
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
    `The testing client has no answer to ${method} ${url}. Script one before the request: client.on(${inWords(asked)}, reply({ … })). ` +
      (scripted.length > 0 ? `The scripts so far: ${scripted.join('; ')}.` : 'There are no scripts yet.'),
  )
}

/** The matcher as written in a test. */
function inWords(match: Matcher): string {
  if (typeof match === 'function') return String(match)
  const fields = Object.entries(match).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value instanceof RegExp ? String(value) : `'${value}'`}`,
  )
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

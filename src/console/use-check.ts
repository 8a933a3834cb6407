import { useEffect, useState } from 'react'
import { asClientSecretError } from '../protocol/errors.ts'
import type { KeyCheck, KeyCheckAnswer } from '../protocol/keys.ts'
import { failureOf, type Failure } from './failure.ts'
import { inFormWords } from './labels.ts'

/** How long the page waits after the last change before it asks the relay. Milliseconds. */
const debounce = 350

export type Check = (key: KeyCheck, signal?: AbortSignal) => Promise<KeyCheckAnswer>

/** A failure of the relay about a draft, in the words of the form. */
export interface CheckFailure {
  path: string | undefined
  failure: Failure
}

/** Reads the relay's error about a draft. */
export function checkFailureOf(thrown: unknown): CheckFailure {
  const error = asClientSecretError(thrown)
  const { sentence, help } = failureOf(error)
  return { path: error.path, failure: { sentence: inFormWords(sentence), help } }
}

/** Asks the relay what an unsaved key allows, once the typing pauses. */
export function useCheck(key: KeyCheck, isComplete: boolean, check: Check) {
  const [answer, setAnswer] = useState<{ of: string; problem?: CheckFailure } & Partial<KeyCheckAnswer>>()
  const of = JSON.stringify(key)
  const isAnswered = answer?.of === of

  async function ask(signal?: AbortSignal) {
    try {
      setAnswer({ of, ...(await check(JSON.parse(of) as KeyCheck, signal)) })
    } catch (thrown) {
      if (signal?.aborted) return
      // While a rule is wrong, the field for the value stays and keeps its text.
      setAnswer((before) => ({ of, problem: checkFailureOf(thrown), valueNeeded: before?.valueNeeded }))
      throw thrown
    }
  }

  useEffect(() => {
    if (!isComplete || isAnswered) return
    const controller = new AbortController()
    const timer = setTimeout(() => {
      ask(controller.signal).catch(() => {
        // The preview shows it.
      })
    }, debounce)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `of` is all that `ask` depends on.
  }, [of, isComplete, isAnswered])

  const current = isAnswered && isComplete ? answer : undefined
  return { words: current?.words, problem: current?.problem, valueNeeded: answer?.valueNeeded, ask }
}

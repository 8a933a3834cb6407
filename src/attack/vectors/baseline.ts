import { findSecret } from '../find-secret.ts'
import type { Target } from '../target.ts'
import { vector, type Vector } from '../vector.ts'
import { httpAnswer } from '../raw-http.ts'

/**
 * Requests that the rules allow. They must arrive with their secret, or the absence
 * of leaks would prove nothing.
 */
export function baseline(targets: readonly Target[]): Vector[] {
  return targets.flatMap((target) =>
    [false, true].map((isQueued) =>
      vector(
        0,
        `${target.title}: an allowed call of ${target.rule.url}${isQueued ? ', queued' : ''}`,
        async (attacker) => {
          let arrived = false
          attacker.world({
            answer: (call) => {
              arrived ||= target.isNeverSent
                ? call.to.host === target.host && !call.bytes.includes('$CLIENT_SECRET')
                : findSecret(call.bytes, target.canary) !== null
              return [httpAnswer({ body: '{"ok":true}' })]
            },
          })
          const reply = await attacker.submit(target.baseline(isQueued ? { queue: 'baseline' } : {}))
          if (!arrived)
            throw new Error(`the call did not arrive with its secret: ${reply.status} ${reply.body.toString()}`)
        },
        { canLeak: false },
      ),
    ),
  )
}

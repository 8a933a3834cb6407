import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { KeyRule } from '../../src/relay/keys/key-rules.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import type { RelayOptions } from '../../src/relay/options.ts'

export interface RelayProcess {
  url: string
  pid: number
  /** Ends it as a power cut would: kill -9. */
  kill(): Promise<void>
}

const programs = {
  relay: fileURLToPath(new URL('../../test/helpers/relay-program.ts', import.meta.url)),
  /** The page of the benches, with the relay at /relay beside it. */
  site: fileURLToPath(new URL('site-program.ts', import.meta.url)),
}

/** A relay in a process of its own; without `log` it is silent. Its program is one of ours, or a file. */
export async function startRelayProcess(
  options: RelayOptions,
  { log = false, program = 'relay' }: { log?: boolean; program?: keyof typeof programs | (string & {}) } = {},
): Promise<RelayProcess> {
  const child = spawn(process.execPath, [programs[program as keyof typeof programs] ?? program], {
    env: { ...process.env, RELAY_OPTIONS: JSON.stringify(options) },
    stdio: ['ignore', 'pipe', log ? 'inherit' : 'ignore'],
  })
  const ended = once(child, 'exit')
  const [url] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    ended.then(() => Promise.reject(new Error('the relay did not start; run it with log: true to see why'))),
  ])) as [string]
  return {
    url,
    pid: child.pid!,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Megabytes of memory, and seconds of a processor since the start. */
export function usageOf({ pid }: { pid: number }): { memory: number; processor: number } {
  const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ').slice(11, 13).map(Number)
  return { memory, processor: (user! + system!) / 100 }
}

/** A key for everything of an upstream on this machine. */
export function keyFor(upstream: string, ...rules: Partial<KeyRule>[]): KeyOptions {
  const everything: KeyRule = {
    url: `${upstream}/**`,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowPrivateNetwork: true,
  }
  return {
    secret: 'sk-of-a-bench-4f7c1d9e2b8a',
    locked: false,
    allow: [...rules, {}].map((rule) => ({ ...everything, ...rule })),
  }
}

/** Limits that a single caller does not meet, who sends more than anybody would. */
export const noLimits = {
  requestsPerMinute: 2 ** 31 - 1,
  unsettledPerCaller: 2 ** 31 - 1,
  heldPolls: 2 ** 31 - 1,
  heldPollsPerCaller: 2 ** 31 - 1,
  bytesInFlight: 2 ** 31 - 1,
  bytesInFlightPerCaller: 2 ** 31 - 1,
}

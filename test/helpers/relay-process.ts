import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { createClient, type Client } from '../../src/client/create-client.ts'
import type { RelayOptions } from '../../src/relay/options.ts'

export interface RelayProcess {
  client: Client
  url: string
  pid: number
  /** Ends it as a power cut would: kill -9. */
  kill(): Promise<void>
  /** The process stands still, as one that swaps or is moved to another machine. */
  freeze(): void
  thaw(): void
}

/** A relay in a process of its own, ended with the test; its clock may be ahead of ours by so many milliseconds. */
export async function startRelayProcess(options: RelayOptions, ahead = 0): Promise<RelayProcess> {
  const clock = `data:text/javascript,const now = Date.now; Date.now = () => now() + ${ahead}`
  const child = spawn(process.execPath, ['--import', clock, join(import.meta.dirname, 'relay-program.ts')], {
    env: { ...process.env, RELAY_OPTIONS: JSON.stringify(options) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    ended.then(() => Promise.reject(new Error('the relay did not start; its log is above'))),
  ])) as [string]
  return {
    client: createClient({ relay: line }),
    url: line,
    pid: child.pid!,
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  }
}

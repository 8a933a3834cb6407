import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface RunningServer {
  output: () => string
  stop: () => Promise<void>
}

/** Runs a command of an app until `stop`, and waits until it answers at `url`. */
export async function runServer(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, env, url }: { cwd: string; env: NodeJS.ProcessEnv; url: string },
): Promise<RunningServer> {
  const server = spawn(program, args, {
    cwd,
    // A separate process group, so that the children of npm end with it.
    detached: true,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(server, 'close')
  const stop = async () => {
    if (server.exitCode === null) process.kill(-server.pid!)
    await ended
  }
  for (const deadline = Date.now() + 60_000; !(await isUp(url)); await sleep(50)) {
    if (server.exitCode === null && Date.now() < deadline) continue
    if (server.exitCode === null) await stop()
    throw new Error(`${program} ${args.join(' ')} does not answer at ${url}:\n${output}`)
  }
  return { output: () => output, stop }
}

function isUp(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  )
}

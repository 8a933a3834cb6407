import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Program {
  pid: number
  /** Says something to it, and gives what it says then. */
  ask<Answer>(message: object): Promise<Answer>
  kill(): Promise<void>
}

/** Starts a program of the benches in a process of its own; gives it, and the first thing it says. */
export async function startProgram<Greeting = void>(file: string): Promise<[Program, Greeting]> {
  const child = fork(fileURLToPath(new URL(`../${file}`, import.meta.url)))
  const ended = once(child, 'exit')
  async function said<Answer>(): Promise<Answer> {
    const died = ended.then(() => Promise.reject(new Error(`${file} ended before it said anything`)))
    const [message] = (await Promise.race([once(child, 'message'), died])) as [Answer]
    return message
  }
  const greeting = await said<Greeting>()
  const program: Program = {
    pid: child.pid!,
    ask(message) {
      child.send(message)
      return said()
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
  return [program, greeting]
}

import { text } from 'node:stream/consumers'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Reads a secret value: from a prompt that shows nothing of it, or, where there is no terminal, all of standard input. */
export async function readValue(name: string): Promise<string> {
  if (!process.stdin.isTTY) {
    // The line break is the shell's, as in `echo value |`, and no part of it.
    return (await text(process.stdin)).replace(/\r?\n$/, '')
  }
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const prompt = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  // Not before the terminal has stopped to echo, or what is pasted at once is shown.
  process.stderr.write(`Value of ${name} (it is not shown): `)
  try {
    return await new Promise((resolve, reject) => {
      prompt.once('line', resolve)
      prompt.once('SIGINT', () => reject(new Error('Nothing was changed.')))
      prompt.once('close', () => reject(new Error('Nothing was changed.')))
    })
  } finally {
    prompt.close()
    process.stderr.write('\n')
  }
}

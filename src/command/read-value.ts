import { text } from 'node:stream/consumers'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Reads a secret value from a prompt that hides it, or, without a terminal, from standard input. */
export async function readValue(name: string): Promise<string> {
  if (!process.stdin.isTTY) {
    // The shell adds the line break, as in `echo value |`.
    return (await text(process.stdin)).replace(/\r?\n$/, '')
  }
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const prompt = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  // Only after the terminal stops echoing, or it shows an early paste.
  process.stderr.write(`Value of ${name} (hidden): `)
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

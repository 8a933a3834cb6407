import { text } from 'node:stream/consumers'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Reads each value of a key with several: from prompts, or from standard input as one JSON object. */
export async function readValues(name: string, names: readonly string[]): Promise<Record<string, string>> {
  if (process.stdin.isTTY) {
    const values: Record<string, string> = {}
    for (const one of names) values[one] = await readValue(`${name}, ${one}`)
    return values
  }
  try {
    return JSON.parse(await text(process.stdin)) as Record<string, string>
  } catch {
    // The error of JSON.parse would quote the values.
    const example = JSON.stringify(Object.fromEntries(names.map((one) => [one, '…'])))
    throw new Error(`Standard input is not JSON. ${name} has several values: give an object such as ${example}.`)
  }
}

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

import { access, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createRecorder, type Recorder, type Relay } from './recorder.ts'
import { UsageError } from './usage-error.ts'

/**
 * Records into a file, which the first recording replaces. It is complete after each recording.
 *
 * @throws UsageError if the folder does not exist.
 */
export async function recordInto(file: string): Promise<(relay: Relay) => Recorder> {
  await access(dirname(file)).catch(() => {
    throw new UsageError(`There is no folder for ${file}.`)
  })
  return (relay) => {
    let written = Promise.resolve()
    const recorder = createRecorder(relay, (all) => {
      const text = `${JSON.stringify(all, null, 2)}\n`
      written = written
        .then(() => writeFile(file, text))
        .then(() => console.log(inWords(all.length, all.at(-1)!)))
        .catch((error: unknown) => console.error(`${file} could not be written:`, error))
    })
    return {
      ...recorder,
      async settled() {
        await recorder.settled()
        await written
      },
    }
  }
}

function inWords(count: number, { request: { method, url }, response, error }: Recorder['recordings'][number]): string {
  return `client-secret-relay recorded answer ${count}: ${method} ${url} ${response?.status ?? error?.code}`
}

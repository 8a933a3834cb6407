/** What every SDK is asked. */
export const prompt = 'Tell me of the otter.'

/** Every byte once, so that an upload that is taken for text is found out. */
export function audio(): File {
  return new File([Uint8Array.from({ length: 256 }, (_, index) => index)], 'otter.wav', { type: 'audio/wav' })
}

/** A stream as one text. */
export async function all<T>(stream: AsyncIterable<T>, read: (item: T) => unknown): Promise<string> {
  let text = ''
  for await (const item of stream) text += textOf(read(item) ?? '')
  return text
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Bytes as a text that says each of them. */
export async function bytesOf(response: Response | { arrayBuffer(): Promise<ArrayBuffer> }): Promise<string> {
  return hexOf(new Uint8Array(await response.arrayBuffer()))
}

export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

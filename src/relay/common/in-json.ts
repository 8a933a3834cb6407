/** A text within a string of JSON, without the quotes. */
export function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

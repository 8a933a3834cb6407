/** Raw, url-encoded, in JSON, in HTML, and base64 at each of its three offsets (the middle, which does not depend on what is around it). */
export function formsOf(text: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from('x'.repeat(offset) + text).toString('base64')
    return encoded.slice(Math.ceil((offset * 4) / 3) + (offset === 0 ? 0 : 1), -4)
  })
  return [
    text,
    encodeURIComponent(text),
    encodeURI(text),
    new URLSearchParams([['', text]]).toString().slice(1),
    JSON.stringify(text).slice(1, -1),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    ...base64,
  ]
}

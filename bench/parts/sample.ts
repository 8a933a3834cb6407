import type { JsonObject } from '../../src/protocol/request.ts'

/** Something like what APIs answer, of about so many bytes: records with texts, numbers and urls. */
export function records(bytes: number): JsonObject {
  const items: unknown[] = []
  for (let size = 0, n = 0; size < bytes; n++) {
    const item = {
      id: `item-${n}`,
      text: `The quick brown fox sketches asks for item ${n} of sk-many; 36% off & "more"`,
      price: n * 1.37,
      url: `https://cdn.example.com/items/${n}?size=large&token=%20${n}`,
    }
    size += JSON.stringify(item).length + 1
    items.push(item)
  }
  return { items }
}

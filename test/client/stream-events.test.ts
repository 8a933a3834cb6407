import { createParser } from 'eventsource-parser'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventReader, type StreamEvent } from '../../src/client/stream-events.ts'

function read(type: string, pieces: string[]): StreamEvent[] {
  const reader = eventReader(type)
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]
}

/** The text in pieces, cut at these places. */
function cut(text: string, at: number[]): string[] {
  const places = [0, ...at.map((place) => place % (text.length + 1)).sort((one, other) => one - other), text.length]
  return places.slice(1).map((place, index) => text.slice(places[index], place))
}

const end = fc.constantFrom('\n', '\r\n', '\r')
const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('{"a":1}', ':x', ' y', '\u2028', 'data: z', ''))
const line = fc
  .tuple(fc.constantFrom('data: ', 'data:', 'data', 'event: ', 'id: ', ': ', 'retry: ', 'other: ', ''), value)
  // An id with a NUL and an empty event are no fields of their own.
  .map(([name, text]) => `${name}${text.replaceAll(/[\r\n\0]/g, '')}`)

test('server-sent events cut anywhere are those of eventsource-parser', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end)), end, fc.array(fc.nat()), (lines, last, at) => {
      const text = `data: first${last}${lines.map(([one, by]) => one + by).join('')}${last}${last}`
      const expected: unknown[] = []
      const parser = createParser({ onEvent: ({ data, event, id }) => expected.push({ data, event, id }) })
      parser.feed(text)
      parser.feed('\n\n')
      const found = read('text/event-stream', cut(text, at)).map(({ data, event, id }) => ({
        data: typeof data === 'string' ? data : undefined,
        event: event || undefined,
        id,
      }))
      const asText = (one: unknown) => {
        const { data, event, id } = one as { data: string; event?: string; id?: string }
        try {
          JSON.parse(data)
          return { data: undefined, event: event || undefined, id }
        } catch {
          return { data, event: event || undefined, id }
        }
      }
      expect(found).toEqual(expected.map(asText))
    }),
    { numRuns: 2_000 },
  )
})

test.each(['application/x-ndjson', 'application/json-seq'])('lines of %s cut anywhere are the same', (type) => {
  fc.assert(
    fc.property(fc.array(fc.json()), fc.array(fc.nat()), fc.boolean(), (values, at, hasEnd) => {
      const start = type.endsWith('seq') ? '\u001e' : ''
      const text = values.map((one) => start + one).join('\n') + (hasEnd ? '\n' : '')
      expect(read(type, cut(text, at)).map(({ data }) => data)).toEqual(values.map((one) => JSON.parse(one) as unknown))
    }),
  )
})

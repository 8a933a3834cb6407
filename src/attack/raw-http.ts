/** A request as sent on the wire, split but not interpreted. */
export interface HttpRequest {
  method: string
  /** Path and query. */
  path: string
  headers: [name: string, value: string][]
  body: Buffer
  /** Bytes after the request. There should be none. */
  rest: Buffer
}

/** Parses a request. Null while it is incomplete. */
export function readHttp(bytes: Buffer): HttpRequest | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [start = '', ...lines] = bytes
    .subarray(0, end)
    .toString('latin1')
    .split(/\r\n|\n|\r/)
  const [method = '', ...path] = start.replace(/ HTTP\/1\.[01]$/, '').split(' ')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const length = Number(headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? 0)
  const behind = bytes.subarray(end + 4)
  if (behind.length < length) return null
  return { method, path: path.join(' '), headers, body: behind.subarray(0, length), rest: behind.subarray(length) }
}

export interface HttpAnswer {
  status?: number
  /** The text after the status. */
  reason?: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** The chunk size in bytes. */
  chunk?: number
  trailers?: Record<string, string>
}

/** An answer as bytes, without validation: an attacker's upstream can send anything. */
export function httpAnswer({ status = 200, reason = 'OK', headers = {}, body = '', ...rest }: HttpAnswer): Buffer {
  const content = Buffer.from(body)
  const isChunked = rest.chunk !== undefined || rest.trailers !== undefined
  const lines = Object.entries({
    'content-type': 'application/json',
    ...(isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(content.length) }),
    connection: 'close',
    ...headers,
  })
  const head = `HTTP/1.1 ${status} ${reason}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return Buffer.concat([
    Buffer.from(head, 'latin1'),
    isChunked ? chunked(content, rest.chunk ?? (content.length || 1), rest.trailers ?? {}) : content,
  ])
}

function chunked(content: Buffer, size: number, trailers: Record<string, string>): Buffer {
  const parts: Buffer[] = []
  for (let start = 0; start < content.length; start += size) {
    const part = content.subarray(start, start + size)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  const lines = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([...parts, Buffer.from(`0\r\n${lines.join('')}\r\n`, 'latin1')])
}

export type NamedAnswer = [name: string, answer: HttpAnswer]

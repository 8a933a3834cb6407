import { appendFileSync } from 'node:fs'
import { isUtf8 } from 'node:buffer'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { FakeInternet } from './fake-internet.ts'
import type { Target } from './target.ts'

interface VulnerableRequest {
  clientSecretName: string
  url: string
  method: string
  headers?: Record<string, string>
  params?: Record<string, string>
  data?: Record<string, unknown>
  /** A raw body. */
  raw?: string
  queue?: string
}

interface VulnerableRecord {
  id: string
  status: string
  queueName: string | undefined
  request: VulnerableRequest
  response: unknown
}

/**
 * A relay with every mistake of the threat model, as the control: a vector that finds nothing here finds nothing
 * anywhere. Never use it. It is one long file on purpose: it shows all mistakes in one place, and shares no code with
 * the real relay.
 */
export function createVulnerableRelay(
  watched: readonly Target[],
  internet: FakeInternet,
  file: string,
  log: string[],
): { fetch(request: Request): Promise<Response> } {
  const records: VulnerableRecord[] = []
  const secrets = Object.fromEntries(watched.map(({ title, canary }) => [title, canary]))
  // It has the tokens already, and sends the secret of a signature in place of the signature. A placeholder may be the
  // beginning of another.
  const placeholders = watched.toSorted((one, other) => other.placeholder.length - one.placeholder.length)
  /** Hosts of newly registered rules. Valid until the next call, so that they help no other vector. */
  let widened: string[] = []
  const hosts = watched.map((target) => (target.isWildcard ? '' : target.host))

  async function submit(text: string): Promise<[VulnerableRecord, Record<string, string>]> {
    const said = JSON.parse(text) as VulnerableRequest
    const own = placeholders.filter(({ keyName }) => keyName === said.clientSecretName)
    const fill = (text: string, write = (value: string) => value) =>
      own.reduce((rest, { placeholder, canary }) => rest.split(placeholder).join(write(canary)), text)
    const filled = fill(JSON.stringify(said), (value) => JSON.stringify(value).slice(1, -1))
    const request = withBasic(JSON.parse(filled) as VulnerableRequest, fill)
    log.push(`calling ${filled}`)
    const afterScheme = request.url.trim().replace(/^\w+:[\\/]*/, '')
    const known = [...hosts, ...widened]
    widened = []
    if (!known.some((host) => afterScheme.startsWith(host))) throw new Error('this host is not allowed')
    const { headers, ...response } = await callUpstream(request, internet, log)
    const record: VulnerableRecord = {
      id: `r${records.length}`,
      status: 'resolved',
      queueName: request.queue,
      request,
      response: redacted({ ...response, headers }, Object.values(secrets)),
    }
    records.push(record)
    log.push(`answered ${JSON.stringify(record)}`)
    appendFileSync(file, `${JSON.stringify(record)}\n`)
    return [record, headers]
  }

  /** As a fetch: the description in a header, the answer as it is. */
  async function answerFetch(request: Request): Promise<Response> {
    const described = JSON.parse(atob(request.headers.get('client-secret-request') ?? '')) as VulnerableRequest
    const [{ response }, headers] = await submit(await written(request, described))
    const { body, encoding, ...head } = response as VulnerableAnswer
    return new Response(encoding ? Buffer.from(body, 'base64') : body, {
      headers: harmless({
        ...headers,
        ...cors(request),
        'client-secret-response': Buffer.from(JSON.stringify(head)).toString('base64'),
      }),
    })
  }

  /** Fills placeholders anywhere in a body, of any type. */
  async function written(request: Request, described: VulnerableRequest): Promise<string> {
    const text = await request.text()
    try {
      return JSON.stringify({ ...described, data: text ? (JSON.parse(text) as object) : described.data })
    } catch {
      return JSON.stringify({ ...described, raw: `${JSON.stringify(described.data ?? '')}${text}` })
    }
  }

  /** Registers keys for any caller. Stores, logs and shows the request as sent. */
  async function register(request: Request, name: string): Promise<Response> {
    const text = await request.text()
    log.push(`${request.method} ${request.url} ${text}`)
    appendFileSync(file, `${text}\n`)
    widened = [...text.matchAll(/https:\/\/([^/"]*)/g)].map(([, host = '']) => host)
    return Response.json({ name, sent: text, keys: secrets })
  }

  async function answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const id = decodeURIComponent(pathname.split('/')[2] ?? '')
    if (/^\/(keys|audit)/.test(pathname)) return register(request, id)
    if (request.method === 'OPTIONS') return new Response(null, { headers: cors(request) })
    if (pathname.startsWith('/queues/'))
      return Response.json({ inQueue: records.filter(({ queueName }) => queueName?.startsWith(id)).length })
    if (pathname === '/health') return Response.json({ keys: secrets })
    if (pathname === '/metrics') return new Response(log.slice(-20).join('\n'))
    if (request.method === 'DELETE') {
      const removed = records.splice(
        records.findIndex((record) => record.id === id),
        1,
      )
      return Response.json({ removed: removed.length > 0, record: removed[0] })
    }
    if (request.method === 'GET') {
      const ids = searchParams
        .get('ids')
        ?.split(',')
        .map((one) => one.split(':')[0])
      const found = records
        .filter((record) => !ids || ids.includes(record.id))
        .slice(ids ? 0 : -Number(searchParams.get('limit') ?? 20))
      return Response.json({ records: found.reverse() }, { headers: cors(request) })
    }
    if (pathname === '/fetch') return answerFetch(request)
    const described = request.headers.get('client-secret-request')
    const [record, headers] = await submit(
      await (described ? written(request, JSON.parse(atob(described)) as VulnerableRequest) : request.text()),
    )
    return Response.json(record, { headers: harmless({ ...headers, ...cors(request) }) })
  }

  return {
    fetch: (request) =>
      answer(request).catch((error: unknown) => {
        log.push(String(error))
        const message = readOnFromABeginning(String(error), Object.values(secrets))
        return Response.json({ error: { message } }, { status: 400 })
      }),
  }
}

/** Replaces the placeholder inside Basic's base64 too, in any header. */
function withBasic(request: VulnerableRequest, fillText: (text: string) => string): VulnerableRequest {
  const fill = (value: unknown) =>
    String(value).replace(/^(basic )([\w+/=]+)$/i, (_, scheme: string, base64: string) => {
      const text = Buffer.from(base64, 'base64').toString('latin1')
      return scheme + Buffer.from(fillText(text), 'latin1').toString('base64')
    })
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [name, fill(value)])
  return { ...request, headers: Object.fromEntries(headers) as Record<string, string> }
}

/** The answer as this relay shows it to callers. */
const redacted = (answer: VulnerableAnswer, secrets: string[]): VulnerableAnswer => ({
  ...answer,
  headers: Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      /^(location|x-echo)$/.test(name) ? readOnFromABeginning(value, secrets) : value,
    ]),
  ),
  body: readOnFromABeginning(answer.body, secrets),
})

/** The search looks for this many characters of a secret. */
const searchedLength = 12

/** Finds the beginning of a secret and removes as much of it as matches, so the removed length reveals correct guesses. */
function readOnFromABeginning(text: string, secrets: string[]): string {
  return secrets.reduce((rest, secret) => {
    const [first = '', ...others] = rest.split(secret.slice(0, searchedLength))
    return others.reduce((before, behind) => {
      let length = 0
      while (searchedLength + length < secret.length && behind[length] === secret[searchedLength + length]) length++
      return `${before}$CLIENT_SECRET${behind.slice(length)}`
    }, first)
  }, text)
}

const cors = (request: Request) => ({ 'access-control-allow-origin': request.headers.get('origin') ?? '*' })

/** The headers that a Response accepts. */
function harmless(headers: Record<string, string>): Headers {
  const passed = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    try {
      const isOfConnection = /^(content-length|transfer-encoding|content-encoding|connection)$/i.test(name)
      // Response accepts more control characters than Node can send.
      if (!isOfConnection && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) passed.append(name, value)
    } catch {
      // Response rejects this header.
    }
  }
  return passed
}

interface VulnerableAnswer {
  status: number
  reason: string
  headers: Record<string, string>
  trailers: string
  body: string
  encoding?: 'base64'
}

/** Calls the upstream and follows every redirect with all headers. */
async function callUpstream(
  request: VulnerableRequest,
  internet: FakeInternet,
  log: string[],
): Promise<VulnerableAnswer> {
  const query = new URLSearchParams(request.params).toString()
  let url = new URL(query ? `${request.url}${request.url.includes('?') ? '&' : '?'}${query}` : request.url)
  for (let turn = 0; ; turn++) {
    const answer = readAnswer(await exchange(url, request, internet, log))
    const location = answer.headers['location']
    if (answer.status < 300 || answer.status >= 400 || !location || turn === 5) return answer
    url = new URL(location, url)
  }
}

function exchange(
  url: URL,
  { method, headers = {}, data, raw }: VulnerableRequest,
  internet: FakeInternet,
  log: string[],
): Promise<Buffer> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const isForm = Object.values(headers).some((value) => String(value).includes('form'))
  const body = raw ?? (!data ? '' : isForm ? new URLSearchParams(flat(data)).toString() : JSON.stringify(data))
  const lines = Object.entries({ host: url.host, 'content-length': String(Buffer.byteLength(body)), ...headers })
  const text = `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`

  return new Promise((resolve, reject) => {
    const connectTo = (address: string) =>
      internet.dial({ scheme: url.protocol, host: url.hostname, port, address }, (error, socket) => {
        if (!socket) return reject(error ?? new Error('no socket'))
        const chunks: Buffer[] = []
        socket.on('data', (chunk) => chunks.push(chunk))
        socket.on('error', reject)
        socket.on('close', () =>
          chunks.length > 0 ? resolve(Buffer.concat(chunks)) : reject(new Error(`${url.host} could not be reached`)),
        )
        socket.setTimeout(1_000, () => socket.destroy())
        socket.write(text)
      })
    if (/^[\d.]+$|:/.test(host)) return connectTo(host)
    // Resolved once for the check, and again to connect.
    internet.network.resolve(host, {}, (_error, checked) => {
      log.push(`${host} is ${checked[0]?.address}`)
      internet.network.resolve(host, {}, (_again, addresses) => connectTo(addresses[0]!.address))
    })
  })
}

function flat(data: Record<string, unknown>, prefix = ''): [string, string][] {
  return Object.entries(data).flatMap(([name, value]): [string, string][] => {
    const full = prefix ? `${prefix}[${name}]` : name
    return typeof value === 'object' && value !== null
      ? flat(value as Record<string, unknown>, full)
      : [[full, String(value)]]
  })
}

function readAnswer(bytes: Buffer): VulnerableAnswer {
  const end = bytes.indexOf('\r\n\r\n')
  const [start = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const [, status = '0', ...reason] = start.split(' ')
  const { body, trailers } = headers['transfer-encoding']
    ? unchunked(bytes.subarray(end + 4))
    : { body: bytes.subarray(end + 4), trailers: '' }
  const decoded = decode(body, headers['content-encoding'] ?? '')
  return {
    status: Number(status),
    reason: reason.join(' '),
    headers,
    trailers,
    ...(isUtf8(decoded)
      ? { body: decoded.toString() }
      : { body: decoded.toString('base64'), encoding: 'base64' as const }),
  }
}

function unchunked(bytes: Buffer): { body: Buffer; trailers: string } {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at)
    const size = parseInt(bytes.subarray(at, line).toString(), 16)
    if (!size) return { body: Buffer.concat(parts), trailers: bytes.subarray(line + 2).toString('latin1') }
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}

function decode(body: Buffer, encodings: string): Buffer {
  const known: Record<string, (bytes: Buffer) => Buffer> = {
    gzip: gunzipSync,
    'x-gzip': gunzipSync,
    deflate: inflateSync,
    br: brotliDecompressSync,
  }
  try {
    return encodings
      .toLowerCase()
      .split(/,\s*/)
      .reduceRight((bytes, name) => known[name]?.(bytes) ?? bytes, body)
  } catch {
    return body
  }
}

import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { check } from '../../src/command/check.ts'
import type { ClientSecretError } from '../../src/protocol/errors.ts'
import { createRelay } from '../../src/relay/create-relay.ts'
import { compileRule, findRule } from '../../src/relay/keys/key-rules.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { signCall } from '../../src/relay/upstream/sign-call.ts'
import { json, startApi, type ApiCall } from '../helpers/api.ts'
import { startRelay } from '../helpers/relay.ts'

const secret = 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY'

async function setUp(isSigned: (call: ApiCall) => boolean, key: Partial<KeyOptions>, rule: object) {
  const api = await startApi((call, outgoing) =>
    json(outgoing, { got: [call.path, call.headers, call.body] }, isSigned(call) ? 200 : 403),
  )
  const allow = [{ url: `${api.url}/**`, methods: ['GET', 'POST', 'PUT'] as never, allowPrivateNetwork: true, ...rule }]
  const { client } = await startRelay({ keys: { api: { secret, locked: false, allow, ...key } } })
  return { api, client }
}

describe('HMAC', () => {
  const apiKey = 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A'
  // As https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security says:
  // HMAC SHA256 in hex over the query and the body, without the parameter `signature`.
  const isSigned = ({ path, body, headers }: ApiCall) => {
    const query = path.split('?')[1] ?? ''
    const [, signed = '', signature = ''] = /^(.*?)&?signature=([0-9a-f]{64})$/.exec(query) ?? []
    return (
      headers['x-mbx-apikey'] === apiKey &&
      createHmac('sha256', secret)
        .update(signed + body)
        .digest('hex') === signature
    )
  }

  test('Binance: over query and body, with the key beside it', async () => {
    const { api, client } = await setUp(
      isSigned,
      { secret: { key: apiKey, secret }, sign: { hmac: 'sha256', over: ['query', 'body'], value: 'secret' } },
      { inEach: { key: ['headers.x-mbx-apikey'], secret: ['params.signature'] } },
    )
    const answer = await client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/api/v3/order?a=%20b`,
      method: 'POST',
      headers: { 'X-MBX-APIKEY': '$CLIENT_SECRET.key', 'Content-Type': 'application/x-www-form-urlencoded' },
      params: { symbol: 'LTCBTC', timestamp: 1499827319559, signature: '$CLIENT_SECRET.secret' },
      data: { side: 'BUY' },
    })
    expect(api.calls).toHaveLength(1)
    // Neither the secrets nor the signature come back.
    const signature = /signature=(\w+)/.exec(api.calls[0]!.path)![1]!
    for (const text of [secret, apiKey, signature]) expect(JSON.stringify(answer)).not.toContain(text)
  })

  test('in a header, in base64, over several parts', async () => {
    const over = ['headers.x-time', 'method', 'path', 'query', 'body'] as const
    const { api, client } = await setUp(
      ({ headers, body }) =>
        headers['x-signature'] === createHmac('sha512', secret).update(`5POST/v1/ab=1${body}`).digest('base64'),
      { sign: { hmac: 'sha512', over: [...over], encoding: 'base64' } },
      { in: ['headers.x-signature'] },
    )
    await client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/v1/a?b=1`,
      method: 'POST',
      headers: { 'X-Signature': '$CLIENT_SECRET', 'X-Time': '5' },
      data: { c: 1 },
    })
    expect(api.calls).toHaveLength(1)
  })

  test.each<[string, string | Uint8Array<ArrayBuffer> | { n: string }, string]>([
    ['text', 'waves', 'text/plain'],
    ['bytes', new Uint8Array([0x6f, 0x74]), 'application/octet-stream'],
    ['a multipart form, whose boundary the relay makes', { n: '1' }, 'multipart/form-data'],
  ])('over a raw body: %s', async (_what, data, type) => {
    const { api, client } = await setUp(
      ({ headers, body }) =>
        body !== '' && headers['x-signature'] === createHmac('sha256', secret).update(body).digest('hex'),
      { sign: { hmac: 'sha256', over: ['body'] } },
      { in: ['headers.x-signature'] },
    )
    await client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/v1/a`,
      method: 'POST',
      headers: { 'X-Signature': '$CLIENT_SECRET', 'Content-Type': type },
      data,
    })
    expect(api.calls).toHaveLength(1)
  })

  test('a large body passes through if the signature does not cover it', async () => {
    const sign = { hmac: 'sha256', over: ['path'] } as KeyOptions['sign']
    const { api, client } = await setUp(() => true, { sign }, { in: ['headers.x-signature'] })
    await client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/v1/a`,
      method: 'POST',
      headers: { 'X-Signature': '$CLIENT_SECRET' },
      data: new Blob(['x'.repeat(2_000_000)]),
    })
    expect(api.calls[0]!.headers['x-signature']).toBe(createHmac('sha256', secret).update('/v1/a').digest('hex'))
  })
})

describe('AWS', () => {
  /** The signature as https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html makes it. */
  function isSigned({ method, path, headers, body }: ApiCall): boolean {
    const [, credential = '', names = '', signature = ''] =
      /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(headers.authorization ?? '') ??
      []
    const [id, date = '', region = '', service = ''] = credential.split('/')
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
    const [pathname = '', query = ''] = path.split('?')
    const canonical = [
      method,
      pathname,
      query.split('&').sort().join('&'),
      ...names.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
      '',
      names,
      sha256(body),
    ].join('\n')
    const scope = [date, region, service, 'aws4_request']
    const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope.join('/'), sha256(canonical)].join('\n')
    const key = scope.reduce<Buffer | string>(
      (before, part) => createHmac('sha256', before).update(part).digest(),
      `AWS4${secret}`,
    )
    return (
      id === 'AKIAIOSFODNN7EXAMPLE' &&
      headers['x-amz-content-sha256'] === sha256(body) &&
      createHmac('sha256', key).update(toSign).digest('hex') === signature
    )
  }

  describe('S3: files and bytes', () => {
    const sign = { aws: 'sigv4', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', service: 's3', region: 'eu-central-1' } as const
    const put = (url: string, data: Blob | Uint8Array<ArrayBuffer>) => ({
      clientSecretName: 'api',
      url: `${url}/bucket/otter.svg`,
      method: 'PUT' as const,
      headers: { Authorization: '$CLIENT_SECRET' },
      data,
    })

    test.each([
      ['a Blob', new Blob(['<svg>otter</svg>'], { type: 'image/svg+xml' })],
      ['bytes', new Uint8Array([1, 2, 3])],
      ['a Blob of 900 kB', new Blob(['x'.repeat(900_000)])],
    ])('%s', async (_what, data) => {
      const { api, client } = await setUp(isSigned, { sign }, {})
      await client.clientSecretRequest(put(api.url, data))
      expect(api.calls[0]!.body).toHaveLength(data instanceof Blob ? data.size : data.length)
    })

    test('a body that the relay cannot keep is refused where the signature has to cover it', async () => {
      const { api, client } = await setUp(isSigned, { sign }, {})
      const sent = client.clientSecretRequest(put(api.url, new Blob(['x'.repeat(2_000_000)])))
      await expect(sent).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
        path: 'data',
        message: expect.stringMatching(/too large .* limits\.requestBytes.*For S3, use https/) as string,
      })
      expect(api.calls).toEqual([])
    })

    test('over https, S3 takes it without a signature of its bytes; another service does not', async () => {
      const { data: _data, ...request } = put('https://s3.eu-central-1.amazonaws.com', new Blob())
      const rule = compileRule({ url: 'https://s3.eu-central-1.amazonaws.com/bucket/*', methods: ['PUT'] }, '')
      const body = { size: 5, async *[Symbol.asyncIterator]() {} }
      const signWith = (service: string) =>
        signCall({ name: 'api', sign: { ...sign, service } }, { version: 1, secret }, request, rule, body)
      const { call } = await signWith('s3')
      expect(call).toMatchObject({ body, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } })
      expect(call.headers['authorization']).toContain('x-amz-content-sha256')
      await expect(signWith('execute-api')).rejects.toThrow(/too large/)
    })
  })

  test.each([
    ['GET', '/bucket/a%20b.txt?list-type=2&prefix=p', undefined],
    ['PUT', '/bucket/otter.txt', 'an otter waves'],
  ] as const)('S3: %s %s', async (method, path, data) => {
    const { api, client } = await setUp(
      isSigned,
      { sign: { aws: 'sigv4', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', service: 's3', region: 'eu-central-1' } },
      {},
    )
    const answer = await client.clientSecretRequest({
      clientSecretName: 'api',
      url: api.url + path,
      method,
      headers: { Authorization: '$CLIENT_SECRET' },
      data,
    })
    expect(api.calls).toHaveLength(1)
    const signature = /Signature=(\w+)/.exec(api.calls[0]!.headers.authorization!)![1]!
    expect(JSON.stringify(answer)).not.toContain(signature)
  })

  // As https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html lists them.
  describe('S3: what makes another operation of a call', () => {
    type Sent = { method: 'GET' | 'PUT' | 'POST' | 'DELETE'; path?: string; headers?: Record<string, string> }
    const copied = { 'x-amz-copy-source': '/otters/private/keys' }
    const cases: [Sent, path: string | null][] = [
      [{ method: 'PUT', headers: copied }, 'headers.x-amz-copy-source'],
      [{ method: 'PUT', headers: { 'X-Amz-Copy-Source-Range': 'bytes=0-9' } }, 'headers.X-Amz-Copy-Source-Range'],
      ...['acl', 'grant-read', 'tagging', 'website-redirect-location', 'object-lock-mode', 'security-token'].map(
        (name): [Sent, string] => [{ method: 'PUT', headers: { [`x-amz-${name}`]: 'a' } }, `headers.x-amz-${name}`],
      ),
      // Of services like S3.
      ...['x-minio-force-delete', 'x-goog-copy-source', 'x-rgw-object-type', 'x_amz_acl'].map(
        (name): [Sent, string] => [{ method: 'DELETE', headers: { [name]: 'true' } }, `headers.${name}`],
      ),
      ...['acl', 'tagging', 'retention', 'legal-hold', 'torrent', 'versionId=1', 'attributes', 'ACL', '%61cl', '=acl']
        .flatMap((query) => [query, `list-type=2&${query}`])
        .map((query): [Sent, string] => [
          { method: 'GET', path: `/public/x?${query}` },
          `params.${[...new URLSearchParams(query).keys()].at(-1)}`,
        ]),
      ...['policy', 'uploads', 'location', 'versions', 'cors'].map((query): [Sent, string] => [
        { method: 'GET', path: `/?${query}` },
        `params.${query}`,
      ]),
      ...(['delete', 'select', 'restore'] as const).map((query): [Sent, string] => [
        { method: 'POST', path: `/public/x?${query}` },
        `params.${query}`,
      ]),
      [{ method: 'DELETE', path: '/public/x?versionId=1' }, 'params.versionId'],
      [{ method: 'DELETE', path: '/' }, 'url'],
      [{ method: 'DELETE', path: '/bucket/' }, 'url'],
      [{ method: 'PUT', path: '/' }, 'url'],
      // Another part of the same operation.
      [
        { method: 'PUT', headers: { 'x-amz-meta-otter': 'a', 'cache-control': 'no-cache', 'if-none-match': '*' } },
        null,
      ],
      [{ method: 'GET', path: '/?list-type=2&prefix=public%2F&delimiter=%2F' }, null],
      [{ method: 'POST', path: '/public/x?uploads=' }, null],
      [{ method: 'PUT', path: '/public/x?uploadId=a&partNumber=1' }, null],
      [{ method: 'DELETE', path: '/public/x' }, null],
    ]
    const hosts = [
      ['s3', 'https://otters.s3.eu-central-1.amazonaws.com'],
      [undefined, 'https://otters.s3.eu-central-1.amazonaws.com'],
      [undefined, 'https://s3-eu-west-1.amazonaws.com'],
      [undefined, 'https://otters.r2.cloudflarestorage.com'],
      ['s3', 'https://files.example.com'],
      ['s3express', 'https://files.example.com'],
    ] as const

    test.each(cases)('%j: %s', (sent, path) => {
      for (const [service, origin] of hosts) {
        const { method, path: below = '/public/x', headers } = sent
        const allow = [{ url: `${origin}/**`, methods: [method] }]
        const sign = { aws: 'sigv4' as const, accessKeyId: 'AKIAIOSFODNN7EXAMPLE', service }
        const key = { name: 'files', sign, rules: allow.map((rule) => compileRule(rule, 'rule')) }
        const request = {
          clientSecretName: 'files',
          url: origin + below,
          method,
          headers: { Authorization: '$CLIENT_SECRET', ...headers },
        }
        const refusal = refusalOf(() => findRule(key, request))
        expect([origin, refusal?.path ?? null]).toEqual([origin, path])
        if (path !== null)
          expect(refusal!.message).toMatch(/^The key "files" may not be used with .*\. .* on your server\.$/)
      }
    })

    test('params count too, and the relay does not call', async () => {
      const { api, client } = await setUp(
        isSigned,
        { sign: { aws: 'sigv4', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', service: 's3' } },
        {},
      )
      const sent = { clientSecretName: 'api', url: `${api.url}/public/x`, method: 'PUT' as const }
      const headers = { Authorization: '$CLIENT_SECRET' }
      for (const change of [{ params: { acl: '' }, headers }, { headers: { ...headers, ...copied } }])
        await expect(client.clientSecretRequest({ ...sent, ...change })).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
      expect(api.calls).toHaveLength(0)
    })
  })
})

function refusalOf(work: () => unknown): ClientSecretError | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return error as ClientSecretError
  }
}

const rule = { url: 'https://api.example.com/v1', methods: ['GET' as const] }
test.each<[object, RegExp]>([
  [{ sign: 'aws-sigv4' }, /has a sign of an unknown form\. Write/],
  [{ sign: { aws: 'sigv4' } }, /not \{ aws: 'sigv4', accessKeyId \}/],
  [{ sign: { hmac: 'md5', over: ['query'] } }, /sign\.hmac must be sha256, sha384 or sha512; it is "md5"/],
  [{ sign: { hmac: 'sha256', over: [] } }, /sign\.over must be a list of method, path/],
  [{ sign: { hmac: 'sha256', over: ['url'] } }, /sign\.over must be a list of method, path/],
  [{ sign: { hmac: 'sha256', over: ['query'], value: 'secret' } }, /its key has a single value/],
  [
    { secret: { id: secret, key: secret }, sign: { hmac: 'sha256', over: ['query'], value: 'x' } },
    /not one of id, key/,
  ],
  [{ sign: { hmac: 'sha256', over: ['query'], in: 'x' } }, /with a field "in"/],
])('%j does not start', (change, sentence) => {
  expect(() => createRelay({ keys: { api: { secret, locked: false, allow: [rule], ...change } } })).toThrow(sentence)
})

test('check says that the secret only signs', () => {
  const sign = { hmac: 'sha256', over: ['query'] } as const
  const text = check({ keys: { api: { locked: false, allow: [rule], sign: { ...sign, over: [...sign.over] } } } })
  expect(text).toContain('signs calls with its secret, which stays in the relay; the signature')
})

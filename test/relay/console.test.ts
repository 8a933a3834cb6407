import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { createRelay } from '../../src/relay/create-relay.ts'

const relay = createRelay({
  keys: {
    a: { secret: '0123456789', locked: false, allow: [{ url: 'https://a.example.com/**', methods: ['GET'] }] },
  },
})

afterAll(() => relay.close())

const get = (path: string) => relay.fetch(new Request(`https://app.example.com${path}`))

describe('the administrator’s page', () => {
  test.each([
    ['/console', 'text/html; charset=utf-8'],
    ['/console/app.js', 'text/javascript; charset=utf-8'],
    ['/console/app.css', 'text/css; charset=utf-8'],
  ])('%s is served below any path, with headers that let nothing else in', async (path, type) => {
    for (const mount of ['', '/relay', '/api/deep/relay']) {
      const response = await get(mount + path)
      expect(response.status).toBe(200)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': type,
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
    }
  })

  test('has no inline script or style, and asks for nothing but its own files beside it', async () => {
    const html = await (await get('/relay/console')).text()
    expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address)).toEqual([
      'data:,',
      './console/app.css',
      './console/app.js',
    ])
    expect(html).not.toMatch(/<style|<script[^>]*>[^<]|\s(style|on\w+)=/)
    expect(await (await get('/relay/console/app.css')).text()).not.toMatch(/url\(|@import/)
  })

  test('is the whole page in one script, preact included', async () => {
    const script = await (await get('/relay/console/app.js')).text()
    expect(script).not.toMatch(/^import |\bimport\(|process\.env|sourceMappingURL/m)
    const style = await (await get('/relay/console/app.css')).text()
    const size = (text: string) => `${text.length} bytes, ${gzipSync(text).length} gzipped`
    console.log(`the administrator's page: script ${size(script)}; style ${size(style)}`)
    expect(gzipSync(script).length).toBeLessThan(40_000)
  })

  test('no other file is served', async () => {
    for (const path of ['/console/app.ts', '/console/main.tsx', '/console/../package.json', '/consoles'])
      expect((await get(`/relay${path}`)).status).toBe(404)
  })
})

import { expect, test } from 'vitest'
import { json, startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const passes = {
  'retry-after-ms': '250',
  'x-should-retry': 'true',
  'stripe-should-retry': 'false',
  'openai-organization': 'otters',
  'openai-processing-ms': '12',
  'openai-version': '2020-10-01',
  'anthropic-organization-id': 'o-1',
  'anthropic-workspace-id': 'w-1',
  'anthropic-ratelimit-requests-remaining': '9',
  'stripe-version': '2025-01-01',
  'request-id': 'req_1',
  'twilio-request-id': 'RQ1',
  'dg-model-name': 'nova',
  'mcp-session-id': 's-1',
  'cf-ray': '8f-FRA',
  'preference-applied': 'return=minimal',
  'accept-ranges': 'bytes',
  'character-cost': '12',
  'x-total-count': '3',
  'content-length': '0',
}
const stays = {
  'set-cookie': 'a=b',
  'access-control-allow-origin': '*',
  'content-security-policy': "default-src 'none'",
  'strict-transport-security': 'max-age=0',
  'clear-site-data': '"*"',
  refresh: '0; url=/',
  'alt-svc': 'h3=":443"',
  'www-authenticate': 'Basic realm="x"',
  'x-frame-options': 'DENY',
  'x-accel-redirect': '/etc/passwd',
  'x-sendfile': '/etc/passwd',
  server: 'nginx',
  vary: 'accept',
}

const request = (url: string, headers: Record<string, string> = {}) => ({
  clientSecretName: 'api',
  url: `${url}/`,
  method: 'GET' as const,
  headers: { authorization: 'Bearer $CLIENT_SECRET', ...headers },
})

test('headers that SDKs and people read pass, and those that act on somebody do not', async () => {
  const api = await startApi((_call, outgoing) => void outgoing.writeHead(200, { ...passes, ...stays }).end())
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const { response } = (await client.send(request(api.url))) as { response: { headers: Record<string, string> } }
  const { date: _, ...headers } = response.headers
  expect(headers).toEqual(passes)
})

test('a length that is not 0 stays here', async () => {
  const api = await startApi((_call, outgoing) => void outgoing.writeHead(200, { 'content-length': '2' }).end('{}'))
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const { response } = (await client.send(request(api.url))) as { response: { headers: Record<string, string> } }
  expect(response.headers).not.toHaveProperty('content-length')
})

test('an API gets a User-Agent, and the one that a caller writes in its place', async () => {
  // As https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent says.
  const api = await startApi((call, outgoing) =>
    json(outgoing, { message: 'Request forbidden by administrative rules.' }, call.headers['user-agent'] ? 200 : 403),
  )
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  await client.clientSecretRequest(request(api.url))
  await client.clientSecretRequest(request(api.url, { 'User-Agent': 'otters' }))
  expect(api.calls.map(({ headers }) => headers['user-agent'])).toEqual(['react-client-secret', 'otters'])
})

import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import { StrictMode, useEffect } from 'react'
import { expect, test } from 'vitest'
import { ClientSecretDevtools } from '../../src/exports/devtools.ts'
import { createStream, useClientSecretRequest, type RequestParams } from '../../src/exports/index.ts'
import { createTestClient, hold, reply } from '../../src/exports/testing.ts'
import { json } from '../helpers/api.ts'
import { canary } from '../helpers/relay.ts'
import { setUp, setUpWithDoor } from '../helpers/page.tsx'

const panel = () => screen.getByRole('region', { name: 'Client secret requests' })
const rows = () => within(panel()).queryAllByRole('listitem')
const row = async (text: RegExp) => {
  await waitFor(() => expect(rows()[0]?.textContent).toMatch(text))
  return rows()[0]!
}

function Sends({ request }: { request: RequestParams }) {
  const { send } = useClientSecretRequest(request)
  useEffect(() => send(), [send])
  return null
}

test('a request that an effect of the first render sends: place in line, polls, end and time, and no bodies', async () => {
  const { request, inProvider, open } = await setUpWithDoor()
  render(
    inProvider(
      <>
        <Sends request={{ ...request, data: { prompt: 'private words' }, queue: 'images', poll: 50 }} />
        <Sends request={{ ...request, data: {}, queue: 'images', poll: 50 }} />
        <ClientSecretDevtools isOpen />
      </>,
    ),
  )
  await waitFor(() => expect(rows()).toHaveLength(2))
  await waitFor(() => expect(panel().textContent).toContain('Place 2 in line'))
  await waitFor(() => expect(panel().textContent).toMatch(/2 under way of 2/))
  open()
  await waitFor(() => expect(panel().textContent).toMatch(/0 under way of 2/))
  const text = await row(/resolvedPOST 127\.0\.0\.1:\d+\/v1\/pictures[\d,]+ ms/).then(({ textContent }) => textContent)
  expect(text).toMatch(/QueueimagesRecord.+API200Sends1Polls[1-9]/)
  for (const secret of [canary, 'private words', '$CLIENT_SECRET', 'otter'])
    expect(panel().innerHTML).not.toContain(secret)
})

test('a refusal: the code, the sentence and the place', async () => {
  const { api, client } = await setUp()
  render(<ClientSecretDevtools client={client} isOpen />)
  const sent = client.clientSecretRequest({
    clientSecretName: 'api',
    url: 'https://elsewhere.example.com/',
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  })
  await expect(sent).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
  expect((await row(/^failedPOST elsewhere/)).textContent).toMatch(
    /Pathurl.*NOT_ALLOWED The key "api" may not be used at/,
  )
  expect(api.calls).toEqual([])
})

test('a stream: bytes and events as they come, and the same text as without the panel', async () => {
  const words = ['Otters ', 'hold ', 'hands.']
  const { request, client } = await setUp((_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const content of words) outgoing.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
    outgoing.end('data: [DONE]\n\n')
  })
  render(<ClientSecretDevtools client={client} isOpen />)
  const stream = createStream(client, { params: { ...request, data: { stream: true } } })
  await stream.send()
  expect(stream.state()).toMatchObject({ status: 'resolved', text: words.join('') })
  expect((await row(/^resolved/)).textContent).toMatch(/API200Sends1Polls0Bytes\d+Events4/)
})

test('a stream that ends early fails, and one that is stopped is stopped', async () => {
  let isBroken = true
  const { request, client } = await setUp((_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    outgoing.write('data: {"a":1}\n\n')
    if (isBroken) setTimeout(() => outgoing.destroy(), 20)
  })
  render(<ClientSecretDevtools client={client} isOpen />)
  const broken = createStream(client, { params: request })
  await broken.send()
  expect(broken.state().status).toBe('failed')
  expect((await row(/^failed/)).textContent).toMatch(/Events1/)
  isBroken = false
  const stopped = createStream(client, { params: request })
  void stopped.send()
  await row(/^streaming.*1 events/)
  stopped.stop()
  await row(/^stopped/)
})

test('a fetch of an SDK, and an answer with a status of 400 or more', async () => {
  const { api, client } = await setUp((_call, outgoing) => json(outgoing, { error: 'no such otter' }, 404))
  render(<ClientSecretDevtools client={client} isOpen />)
  const answer = await client.fetchWith('api')(`${api.url}/v1/otters?name=private#x`, {
    headers: { authorization: 'Bearer $CLIENT_SECRET' },
  })
  expect(await answer.json()).toEqual({ error: 'no such otter' })
  expect((await row(/^failedGET 127.*\/v1\/otters\d/)).textContent).toMatch(/Keyapi.*API404/)
})

test('more requests under way than rows: the rows are the last 100, as they were sent, also after polls of them all', async () => {
  const later = hold()
  const client = createTestClient().on({}, later)
  render(<ClientSecretDevtools client={client} isOpen />)
  let polls = 0
  const answers = Array.from({ length: 130 }, (_, number) =>
    client.send(
      {
        clientSecretName: 'api',
        url: `https://api.example.com/${number}`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        poll: 100,
      },
      { onUpdate: () => void polls++ },
    ),
  )
  await waitFor(() => expect(polls).toBe(130))
  await waitFor(() => expect(panel().textContent).toMatch(/Polls[2-9]/))
  const calls = () => rows().map((one) => one.querySelector('.csd-call')!.textContent)
  const last = Array.from({ length: 100 }, (_, place) => `POST api.example.com/${129 - place}`)
  expect(calls()).toEqual(last)
  act(() => later.answer(reply({})))
  await Promise.all(answers)
  await waitFor(() => expect(panel().textContent).toMatch(/0 under way of 100/))
  expect(calls()).toEqual(last)
})

test('a relay that is away: the sentence of the client', async () => {
  const { request, client, relay } = await setUp()
  await relay.close()
  render(<ClientSecretDevtools client={client} isOpen />)
  void client.clientSecretRequest(request).catch(() => {})
  expect((await row(/^failed|^sending/)).textContent).toBeTruthy()
  await waitFor(() => expect(panel().textContent).toMatch(/UNAVAILABLE/))
})

test('it takes its hands off the client when it leaves, also under StrictMode and beside a second panel', async () => {
  const { client } = await setUp()
  const before = { ...client.transport }
  const first = render(<ClientSecretDevtools client={client} />)
  const second = render(
    <StrictMode>
      <ClientSecretDevtools client={client} />
    </StrictMode>,
  )
  expect(client.transport.submit).not.toBe(before.submit)
  first.unmount()
  expect(client.transport.submit).not.toBe(before.submit)
  second.unmount()
  expect({ ...client.transport }).toEqual(before)
})

test('the keyboard opens it and Escape closes it, with the focus back on the button; Clear removes what has ended', async () => {
  const { request, client } = await setUp()
  render(<ClientSecretDevtools client={client} />)
  const toggle = screen.getByRole('button', { name: /^Client secret requests: \d+$/ })
  expect(toggle).toHaveProperty('ariaExpanded', 'false')
  fireEvent.click(toggle)
  await client.clientSecretRequest(request)
  await row(/^resolved/)
  expect(toggle.textContent).toBe('Client secret requests: 1')
  fireEvent.click(within(panel()).getByRole('button', { name: 'Clear' }))
  await waitFor(() => expect(rows()).toEqual([]))
  act(() => within(panel()).getByRole('button', { name: 'Clear' }).focus())
  fireEvent.keyDown(document.activeElement!, { key: 'Escape' })
  expect(screen.queryByRole('region')).toBeNull()
  expect(document.activeElement).toBe(toggle)
})

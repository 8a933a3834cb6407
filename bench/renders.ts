/**
 * A stream of 2,000 events a second on a page: renders a second and the time of the main thread, of
 * useClientSecretStream beside the AI SDK's useChat, in Chromium, in one run. The sides take turns, so that all meet the
 * same machine.
 *
 *   npm run bench:renders
 *   npm run bench:renders -- --seconds 10 --rounds 5
 */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from '../stories/demo/openai.ts'
import { launchChromium } from '../test/helpers/demo.ts'
import { begin, delta, end } from '../test/sdks/kept-chat-world.ts'
import { openBenchPage } from './parts/browser.ts'
import { median, numberOption, rounded, writeResult } from './parts/figures.ts'
import { buildPage } from './parts/page.ts'
import { keyFor, noLimits, startRelayProcess } from './parts/relay.ts'
import { startUpstream } from './parts/upstream.ts'

const perSecond = numberOption('events', 2_000)
const seconds = numberOption('seconds', 5)
const rounds = numberOption('rounds', 3)
const count = perSecond * seconds
const piece = ' otter'

const sides = {
  ours: 'useClientSecretStream',
  relay: 'useChat, through the same relay (createChatTransport)',
  route: "useChat, the AI SDK's own protocol, no relay",
  throttled: 'the same with throttle: 16',
}
type Side = keyof typeof sides

const ui = (chunk: object) => `data: ${JSON.stringify(chunk)}\n\n`
const protocols = {
  responses: { begin, delta, end },
  ui: {
    begin: ui({ type: 'start' }) + ui({ type: 'text-start', id: 't' }),
    delta: (text: string) => ui({ type: 'text-delta', id: 't', delta: text }),
    end: `${ui({ type: 'text-end', id: 't' })}${ui({ type: 'finish' })}data: [DONE]\n\n`,
  },
}

const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }
const upstream = await startUpstream(({ url, method }, outgoing) => {
  if (method === 'OPTIONS') return void outgoing.writeHead(204, cors).end()
  const protocol = protocols[url.pathname === '/ui' ? 'ui' : 'responses']
  outgoing.writeHead(200, { ...cors, 'content-type': 'text/event-stream' }).write(protocol.begin)
  const event = protocol.delta(piece)
  const start = performance.now()
  let written = 0
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((performance.now() - start) * perSecond) / 1_000))
    if (due > written) outgoing.write(event.repeat(due - written))
    written = due
    if (written < count) return
    clearInterval(timer)
    outgoing.end(protocol.end)
  }, 4)
  outgoing.once('close', () => clearInterval(timer))
})

const page = await buildPage('renders')
const site = createServer((_incoming, outgoing) => {
  const given = `<script>window.apiUrl = '${upstream.url}'; window.relay = '${relay.url}'</script>`
  outgoing.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page.replace('<div', `${given}<div`))
})
const siteUrl = await listen(site)
const relay = await startRelayProcess({ keys: { api: keyFor(upstream.url) }, origins: [siteUrl], limits: noLimits })
const browser = await launchChromium()

interface Measured {
  renders: number
  mainThread: number
  took: number
}

async function measure(side: Side): Promise<Measured> {
  const shown = await openBenchPage(browser, `${siteUrl}/${side}`)
  const seen = () => shown.page.evaluate(() => window.renders.seen())
  const before = { ...(await shown.usage()), ...(await seen()) }
  const start = performance.now()
  await shown.page.evaluate(() => window.renders.send())
  for (let now = await seen(); !now.isOver; now = await seen()) {
    if (performance.now() - start > 120_000) throw new Error(`${side} showed ${now.text.length} characters only`)
    await sleep(100)
  }
  const took = performance.now() - start
  const after = { ...(await shown.usage()), ...(await seen()) }
  await shown.close()
  if (after.text !== piece.repeat(count)) throw new Error(`${side} showed another text`)
  return { renders: after.renders - before.renders, mainThread: after.mainThread - before.mainThread, took }
}

const found = Object.fromEntries(Object.keys(sides).map((side) => [side, [] as Measured[]])) as Record<Side, Measured[]>
const names = Object.keys(sides) as Side[]
for (let round = 0; round < rounds; round++) for (const side of names) found[side].push(await measure(side))

await browser.close()
await relay.kill()
site.closeAllConnections()
site.close()
upstream.close()

const rows = Object.fromEntries(
  names.map((side) => {
    const of = (value: (one: Measured) => number) => median(found[side].map(value))
    return [
      side,
      {
        renders: of(({ renders }) => renders),
        'renders a second': rounded(
          of(({ renders, took }) => (renders / took) * 1_000),
          1,
        ),
        'main thread, ms': rounded(
          of(({ mainThread }) => mainThread),
          0,
        ),
        'until the end, s': rounded(of(({ took }) => took) / 1_000, 2),
      },
    ]
  }),
)
console.log(`${count} events at ${perSecond} a second; medians of ${rounds} rounds`)
console.table(Object.fromEntries(names.map((side) => [sides[side], rows[side]])))
const ratios = Object.fromEntries(
  names
    .filter((side) => side !== 'ours')
    .map((side) => [
      sides[side],
      {
        renders: rounded(rows[side]!.renders / rows['ours']!.renders, 1),
        'main thread': rounded(rows[side]!['main thread, ms'] / rows['ours']!['main thread, ms'], 1),
      },
    ]),
)
console.log('Times those of useClientSecretStream:')
console.table(ratios)
writeResult('renders', { perSecond, seconds, rounds, sides: rows, ratios })

// A site as a process of its own: the page of the benches, and the relay at /relay beside it. Its options come from the environment.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createRelay } from '../../src/relay/create-relay.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { buildPage } from './page.ts'

const relay = createRelay(JSON.parse(process.env['RELAY_OPTIONS']!) as RelayOptions)
const page = await buildPage()
await relay.ready
const app = new Hono()
app.all('/relay/*', (context) => relay.fetch(context.req.raw))
app.get('/', (context) => context.html(page))
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(`http://127.0.0.1:${port}`))

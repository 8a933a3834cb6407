// A relay as hono's documentation would have it written: its helper `proxy`, on @hono/node-server.
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { proxy } from 'hono/proxy'
import { listen } from '../../stories/demo/openai.ts'

const { API: api, SECRET: secret } = process.env as Record<string, string>
const app = new Hono()
app.all('*', ({ req }) => {
  const headers = req.header()
  return proxy(`${api}${req.path}`, {
    ...req,
    headers: { ...headers, authorization: headers['authorization']?.replace('$CLIENT_SECRET', secret!) },
  })
})
const server = createAdaptorServer({ fetch: app.fetch }) as Server
server.keepAliveTimeout = 0
process.send!(await listen(server))

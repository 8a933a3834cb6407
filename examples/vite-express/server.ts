import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { relay } from './relay.ts'

const app = express()
// Before anything that reads bodies, such as express.json(): the relay reads its own.
app.use('/relay', getRequestListener(relay.fetch))

if (process.argv.includes('--dev')) {
  const { createServer } = await import('vite')
  app.use((await createServer({ server: { middlewareMode: true } })).middlewares)
} else {
  app.use(express.static('dist'))
}

await relay.ready
const port = process.env.PORT ?? 3000
const server = app.listen(port, () => console.log(`http://localhost:${port}`))

process.once('SIGTERM', async () => {
  server.close()
  await relay.close()
  process.exit(0)
})

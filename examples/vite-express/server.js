import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { createRelay } from 'react-client-secret/relay'

// Another address than OpenAI's is one of your own network, such as a server that plays OpenAI.
const ownApi = process.env.OPENAI_BASE_URL
const api = ownApi ?? 'https://api.openai.com/v1'

const relay = createRelay({
  keys: {
    openai: {
      secret: process.env.OPENAI_API_KEY,
      locked: false,
      allow: [{ url: `${api}/images/generations`, methods: ['POST'], allowPrivateNetwork: ownApi !== undefined }],
    },
  },
})

const app = express()
app.use('/relay', getRequestListener(relay.fetch))
app.use(express.static('dist'))

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`)
})

process.once('SIGTERM', async () => {
  server.close()
  // What runs is finished, and what waits is kept for the next start.
  await relay.close()
})

import express from 'express'
import { createRelay, nodeListener } from 'react-client-secret/relay'

// Any address other than OpenAI's is in your own network, such as an OpenAI-compatible server.
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
app.use('/relay', nodeListener(relay))
app.use(express.static('dist'))

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`)
})

process.once('SIGTERM', async () => {
  server.close()
  // Running requests finish. Waiting requests stay for the next start.
  await relay.close()
})

import Airtable from 'airtable'
import { AssemblyAI } from 'assemblyai'
import axios from 'axios'
import Mailgun from 'mailgun.js'
import { Resend } from 'resend'
import { audio } from './parts.ts'

/** What takes no fetch, and its calls: each gives a text of the answer, in which there is an otter. */
export interface WorkerSdk {
  name: string
  host: string
  place: 'headers.authorization' | 'params.key'
  /** Elements may use its key. */
  isMedia?: boolean
  calls: Record<string, () => Promise<string>>
}

const apiKey = '$CLIENT_SECRET'
const picture = 'https://maps.otter.example/otter.png?key=$CLIENT_SECRET'

export const workerSdks: WorkerSdk[] = [
  {
    name: 'resend',
    host: 'api.resend.com',
    place: 'headers.authorization',
    calls: {
      async send() {
        const mail = { from: 'a@otter.example', to: 'b@otter.example', subject: 'Otter', html: '<p>Otter</p>' }
        return JSON.stringify(await new Resend(apiKey).emails.send(mail))
      },
    },
  },
  {
    name: 'airtable',
    host: 'api.airtable.com',
    place: 'headers.authorization',
    calls: {
      async list() {
        const [record] = await new Airtable({ apiKey }).base('app1')('Otters').select({ maxRecords: 3 }).firstPage()
        return JSON.stringify(record!.fields)
      },
    },
  },
  {
    name: 'assemblyai',
    host: 'api.assemblyai.com',
    place: 'headers.authorization',
    calls: {
      upload: () => new AssemblyAI({ apiKey }).files.upload(audio()),
      async transcription() {
        const { id } = await new AssemblyAI({ apiKey }).transcripts.submit({ audio: 'https://otter.example/otter.wav' })
        return id
      },
    },
  },
  {
    name: 'mailgun.js',
    host: 'api.mailgun.net',
    place: 'headers.authorization',
    calls: {
      async send() {
        const mailgun = new Mailgun(FormData).client({ username: 'api', key: apiKey })
        const mail = { from: 'a@otter.example', to: ['b@otter.example'], subject: 'Otter', text: 'Otter' }
        return JSON.stringify(await mailgun.messages.create('otter.example', mail))
      },
    },
  },
  {
    name: 'axios',
    host: 'api.otter.example',
    place: 'headers.authorization',
    calls: {
      async get() {
        const headers = { authorization: `Bearer ${apiKey}` }
        return JSON.stringify((await axios.get('https://api.otter.example/v1/otter', { headers })).data)
      },
      async 'post, in the base64 of its own auth'() {
        const auth = { username: 'otter', password: apiKey }
        return JSON.stringify((await axios.post('https://api.otter.example/v1/basic', { n: 1 }, { auth })).data)
      },
    },
  },
  {
    name: '<img>',
    host: 'maps.otter.example',
    place: 'params.key',
    isMedia: true,
    calls: {
      async show() {
        const image = document.body.appendChild(new Image())
        image.src = picture
        await image.decode()
        return `an otter of ${image.naturalWidth}`
      },
      async 'show, percent-encoded'() {
        const image = document.body.appendChild(new Image())
        image.src = picture.replace('$', '%24')
        await image.decode()
        return `an otter of ${image.naturalWidth}`
      },
    },
  },
  {
    name: '<audio>',
    host: 'sounds.otter.example',
    place: 'params.key',
    isMedia: true,
    calls: {
      play: () => play(null),
      'play, with crossorigin': () => play('anonymous'),
    },
  },
]

async function play(crossOrigin: string | null): Promise<string> {
  const player = document.body.appendChild(new Audio())
  player.crossOrigin = crossOrigin
  player.src = 'https://sounds.otter.example/otter.wav?key=$CLIENT_SECRET'
  await new Promise((resolve, reject) => {
    player.oncanplaythrough = resolve
    player.onerror = () => reject(new Error(player.error?.message))
  })
  return `an otter of ${player.duration} s`
}

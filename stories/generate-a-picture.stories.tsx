import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState, type FormEvent } from 'react'
import { expect, userEvent, waitFor, within } from 'storybook/test'
import { apiUrl } from 'virtual:demo-api'
import { useClientSecretRequest, type UseClientSecretRequest } from '../src/exports/index.ts'
import { ApiSaw, Code, Demo, Elapsed, json, seenByApi, Step, Timeline } from './demo/panels.tsx'

/** What OpenAI answers to an image generation. */
interface Images {
  data: { b64_json: string }[]
}

/** What the component asks for. The key is not in it, and cannot be. */
const request = {
  clientSecretName: 'openai',
  url: `${apiUrl}/v1/images/generations`,
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  queue: 'images',
  poll: 1000,
} as const

function GenerateAPicture() {
  const [prompt, setPrompt] = useState('a sea otter at dusk')
  const [asked, setAsked] = useState({ prompt: '', at: 0 })
  const otter = useClientSecretRequest<Images>(request)

  function generate(event: FormEvent) {
    event.preventDefault()
    setAsked({ prompt, at: Date.now() })
    otter.send({ data: { model: 'gpt-image-1', prompt } })
  }

  return (
    <Demo
      title="Generate a picture"
      lead={
        <>
          This page calls OpenAI’s image API with a key that it never has. It writes <code>$CLIENT_SECRET</code>; the
          relay puts the key in.
        </>
      }
      aside={
        <>
          <Step who="This page sends">
            <Code>{json({ ...request, data: { model: 'gpt-image-1', prompt } })}</Code>
          </Step>
          <Step who="It sees">
            <Timeline status={otter.status} />
          </Step>
          <Step who="The API got">
            <ApiSaw
              isSettled={otter.status === 'resolved' || otter.status === 'failed'}
              since={asked.at}
              mark={JSON.stringify(asked.prompt)}
            />
          </Step>
        </>
      }
    >
      <label htmlFor="prompt">What shall it show?</label>
      <form onSubmit={generate}>
        <input id="prompt" value={prompt} onChange={(event) => setPrompt(event.target.value)} />
        <button disabled={otter.isLoading}>{otter.isLoading ? 'Generating…' : 'Generate'}</button>
      </form>
      <Picture request={otter} alt={asked.prompt} />
    </Demo>
  )
}

/** The picture, or what is known of it. */
function Picture({ request, alt }: { request: UseClientSecretRequest<Images>; alt: string }) {
  return (
    <div className={`picture ${request.isLoading ? 'busy' : ''}`} aria-live="polite">
      {request.status === 'resolved' ? (
        <img src={`data:image/png;base64,${request.data.data[0]?.b64_json}`} alt={alt} />
      ) : request.error ? (
        <p>
          <span className="bad">{request.error.message}</span>
        </p>
      ) : request.isLoading ? (
        <p className="waiting">
          <strong>
            <Elapsed isRunning={request.isLoading} />
          </strong>
          {request.status === 'pending'
            ? `waiting in line, place ${request.inQueue}`
            : request.status === 'running'
              ? 'the API is painting'
              : 'on its way'}
        </p>
      ) : (
        <p>Your picture appears here.</p>
      )}
    </div>
  )
}

function ThreeInLine() {
  const otters = [
    useClientSecretRequest<Images>(request),
    useClientSecretRequest<Images>(request),
    useClientSecretRequest<Images>(request),
  ]
  const isLoading = otters.some((otter) => otter.isLoading)

  return (
    <Demo
      title="Three in line"
      lead="Requests with the same url, method and queue run one at a time, in the order they were sent. Each knows its place in line."
      aside={otters.map((otter, index) => (
        <Step key={index} who={`Picture ${index + 1}`}>
          <Timeline status={otter.status} />
        </Step>
      ))}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          otters.forEach((otter, index) =>
            otter.send({ data: { model: 'gpt-image-1', prompt: `otter ${index + 1} of 3` } }),
          )
        }}
      >
        <button disabled={isLoading}>{isLoading ? 'Generating…' : 'Generate three'}</button>
      </form>
      <div className="line">
        {otters.map((otter, index) => (
          <Picture key={index} request={otter} alt={`otter ${index + 1} of 3`} />
        ))}
      </div>
    </Demo>
  )
}

export default { title: 'Generate a picture', component: GenerateAPicture } satisfies Meta

export const PressTheButton: StoryObj = {}

export const ThreeOfOneQueue: StoryObj = { render: () => <ThreeInLine /> }

/** Presses the button itself, twice, as impatient people do. */
export const Played: StoryObj = {
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    const prompt = `an otter, number ${Math.random().toString(36).slice(2)}`
    const input = canvas.getByLabelText('What shall it show?')
    await userEvent.clear(input)
    await userEvent.type(input, prompt)
    await userEvent.dblClick(canvas.getByRole('button'))

    const picture = await canvas.findByAltText<HTMLImageElement>(prompt, {}, { timeout: 15_000 })
    await waitFor(() => expect(picture.naturalWidth).toBe(512))
    const statuses = () => within(canvas.getByRole('list', { name: 'Statuses' })).getAllByRole('listitem')
    await waitFor(() =>
      expect(statuses().map((item) => item.querySelector('code')?.textContent)).toEqual([
        'idle',
        'sending',
        'running',
        'resolved',
      ]),
    )
    await expect((await seenByApi()).filter(({ body }) => body.includes(prompt))).toMatchObject([{ hadKey: true }])
  },
}

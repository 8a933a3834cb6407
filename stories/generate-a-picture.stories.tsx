import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState, type FormEvent } from 'react'
import { expect, userEvent, waitFor, within } from 'storybook/test'
import { apiUrl } from 'virtual:demo-api'
import { useClientSecretRequest } from '../src/exports/index.ts'
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
  const [asked, setAsked] = useState('')
  const otter = useClientSecretRequest<Images>(request)

  function generate(event: FormEvent) {
    event.preventDefault()
    setAsked(prompt)
    otter.send({ data: { model: 'gpt-image-1', prompt } })
  }

  return (
    <Demo
      title="Generate a picture"
      lead={
        <>
          This page calls OpenAI’s image API with a key that it never has. It writes <code>$CLIENT_SECRET</code>; the relay puts the key in.
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
            <ApiSaw isSettled={otter.status === 'resolved' || otter.status === 'failed'} mark={JSON.stringify(asked)} />
          </Step>
        </>
      }
    >
      <label htmlFor="prompt">What shall it show?</label>
      <form onSubmit={generate}>
        <input id="prompt" value={prompt} onChange={(event) => setPrompt(event.target.value)} />
        <button disabled={otter.isLoading}>{otter.isLoading ? 'Generating…' : 'Generate'}</button>
      </form>
      <div className={`picture ${otter.isLoading ? 'busy' : ''}`} aria-live="polite">
        {otter.status === 'resolved' ? (
          <img src={`data:image/png;base64,${otter.data.data[0]?.b64_json}`} alt={asked} />
        ) : otter.status === 'failed' ? (
          <p>
            <span className="bad">{otter.error.message}</span>
          </p>
        ) : otter.isLoading ? (
          <p className="waiting">
            <strong>
              <Elapsed isRunning={otter.isLoading} />
            </strong>
            {otter.status === 'pending' ? `waiting in line, place ${otter.inQueue}` : otter.status === 'running' ? 'the API is painting' : 'on its way'}
          </p>
        ) : (
          <p>Your picture appears here.</p>
        )}
      </div>
    </Demo>
  )
}

export default { title: 'Generate a picture', component: GenerateAPicture } satisfies Meta

export const QueuedAndPolled: StoryObj = {
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    const prompt = `an otter, number ${Math.random().toString(36).slice(2)}`
    const input = canvas.getByLabelText('What shall it show?')
    await userEvent.clear(input)
    await userEvent.type(input, prompt)
    await userEvent.dblClick(canvas.getByRole('button'))

    const picture = await canvas.findByAltText<HTMLImageElement>(prompt, {}, { timeout: 15_000 })
    await waitFor(() => expect(picture.naturalWidth).toBe(512))
    const statuses = within(canvas.getByRole('list', { name: 'Statuses' })).getAllByRole('listitem')
    await waitFor(() => expect(statuses.map((item) => item.querySelector('code')?.textContent)).toEqual(['idle', 'sending', 'pending', 'running', 'resolved']))
    expect((await seenByApi()).filter(({ body }) => body.includes(prompt))).toMatchObject([{ hadKey: true }])
  },
}

/** Not played: for looking at. */
export const BeforeItIsSent: StoryObj = {}

import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState } from 'react'
import { expect, userEvent, waitFor, within } from 'storybook/test'
import { apiUrl } from 'virtual:demo-api'
import { useClientSecretStream } from '../src/exports/index.ts'
import { Code, Demo, json, Step, Timeline } from './demo/panels.tsx'

const request = {
  clientSecretName: 'openai',
  url: `${apiUrl}/v1/chat/completions`,
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  data: { model: 'gpt-5', stream: true },
} as const

/** Another stream of this page in the same queue. */
function InFront({ question, queue }: { question: string; queue: string }) {
  const answer = useClientSecretStream({ ...request, queue })
  return (
    <p>
      <button
        disabled={answer.isStreaming}
        onClick={() => answer.send({ data: { messages: [{ role: 'user', content: question }] } })}
      >
        Ask in front
      </button>{' '}
      <code>{answer.status}</code>
    </p>
  )
}

function Chat({ firstQuestion, queue }: { firstQuestion: string; queue?: string }) {
  const [question, setQuestion] = useState(firstQuestion)
  const answer = useClientSecretStream({ ...request, queue })
  return (
    <Demo
      title="Chat"
      lead="The answer is on the page while the API writes it. Stop ends the call, and the text so far stays."
      aside={
        <>
          <Step who="This page sends">
            <Code>
              {json({ ...request, queue, data: { ...request.data, messages: [{ role: 'user', content: question }] } })}
            </Code>
          </Step>
          <Step who="It sees">
            <Timeline status={answer.status} />
          </Step>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          answer.send({ data: { messages: [{ role: 'user', content: question }] } })
        }}
      >
        <label>
          Question
          <input value={question} onChange={(event) => setQuestion(event.target.value)} />
        </label>
        <button disabled={answer.isStreaming}>Ask</button>
        <button type="button" disabled={!answer.isStreaming} onClick={() => void answer.cancel()}>
          Stop
        </button>
      </form>
      {queue && <InFront question={firstQuestion} queue={queue} />}
      {answer.status === 'queued' && <p role="status">Place in line: {answer.inQueue}</p>}
      {answer.text && (
        <blockquote className="answer">
          <p>{answer.text}</p>
        </blockquote>
      )}
      {answer.status === 'failed' && (
        <div className="answer bad" role="alert">
          <p>
            <code className="bad">{answer.error.code}</code>
          </p>
          <p>{answer.error.message}</p>
        </div>
      )}
    </Demo>
  )
}

const meta = { title: 'Chat', component: Chat } satisfies Meta<typeof Chat>
export default meta

type Story = StoryObj<typeof meta>

const soon = { timeout: 15_000 }

/** Asks, and waits for the first words. */
async function ask(canvasElement: HTMLElement) {
  const canvas = within(canvasElement)
  await userEvent.click(canvas.getByRole('button', { name: 'Ask' }))
  await canvas.findByText(/^Otters/, {}, soon)
  return canvas
}

export const WordByWord: Story = {
  args: { firstQuestion: 'Tell me a long story about otters.' },
  async play({ canvasElement }) {
    const canvas = await ask(canvasElement)
    await expect(canvas.queryByText(/on its belly\.$/)).toBeNull()
    await expect(await canvas.findByText(/on its belly\.$/, {}, soon)).toBeVisible()
    await waitFor(() => expect(canvas.getByRole('button', { name: 'Ask' })).toBeEnabled())
  },
}

export const WaitsInLine: Story = {
  args: { firstQuestion: 'Tell me a long story about otters.', queue: 'chat' },
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await userEvent.click(canvas.getByRole('button', { name: 'Ask in front' }))
    await canvas.findByText('streaming', {}, soon)
    await userEvent.click(canvas.getByRole('button', { name: 'Ask' }))
    await expect(await canvas.findByText('Place in line: 2', {}, soon)).toBeVisible()
    await expect(await canvas.findByText(/on its belly\.$/, {}, soon)).toBeVisible()
    await expect(canvas.queryByRole('status')).toBeNull()
  },
}

export const Stop: Story = {
  args: { firstQuestion: 'Tell me a long story about otters.' },
  async play({ canvasElement }) {
    const canvas = await ask(canvasElement)
    await userEvent.click(canvas.getByRole('button', { name: 'Stop' }))
    await expect(await canvas.findByText('cancelled', {}, soon)).toBeVisible()
    await expect(canvas.queryByText(/on its belly\.$/)).toBeNull()
    await expect(canvas.getByText(/^Otters/)).toBeVisible()
  },
}

export const TheApiBreaksOff: Story = {
  args: { firstQuestion: 'Tell me a story that breaks off.' },
  async play({ canvasElement }) {
    const canvas = await ask(canvasElement)
    await expect(await canvas.findByRole('alert', {}, soon)).toHaveTextContent(/UPSTREAM_UNREACHABLE.*broke off/)
    await expect(canvas.getByText(/^Otters/)).toBeVisible()
  },
}

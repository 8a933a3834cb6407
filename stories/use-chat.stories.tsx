import { createOpenAI } from '@ai-sdk/openai'
import { Chat, useChat } from '@ai-sdk/react'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { ToolLoopAgent } from 'ai'
import { useState } from 'react'
import { expect, userEvent, within } from 'storybook/test'
import { apiUrl, standIn } from 'virtual:demo-api'
import { createChatTransport } from '../src/exports/ai-sdk.ts'
import { createClient } from '../src/exports/client.ts'
import { Code, Demo, Step } from './demo/panels.tsx'

const id = 'otters'
const transport = createChatTransport({
  client: createClient({ relay: '/relay' }),
  agent(fetchWith) {
    const openai = createOpenAI({ apiKey: '$CLIENT_SECRET', baseURL: `${apiUrl}/v1`, fetch: fetchWith('openai') })
    return new ToolLoopAgent({ model: openai.chat('gpt-5'), instructions: 'Answer at length.' })
  },
})
const chat = new Chat({ id, messages: transport.messages(id), transport })

function WithTheAiSdk() {
  const { messages, sendMessage, stop, status, error } = useChat({ chat, resume: true })
  const [question, setQuestion] = useState('Tell me a long story about otters.')
  const isAnswering = status === 'submitted' || status === 'streaming'
  return (
    <Demo
      title="useChat, without a route"
      lead="The AI SDK runs its model in this page. The relay puts the key into the model's calls, and keeps their answers: reload the page in the middle of one."
      isScripted
      aside={
        <>
          <Step who="The page's model">
            <Code>{`createOpenAI({ apiKey: '$CLIENT_SECRET', fetch: fetchWith('openai') })`}</Code>
          </Step>
          <Step who="useChat">
            <p className="quiet">{standIn ? 'Here is no relay. npm run demo has one.' : status}</p>
          </Step>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void sendMessage({ text: question })
        }}
      >
        <label>
          Question
          <input value={question} onChange={(event) => setQuestion(event.target.value)} />
        </label>
        <button disabled={isAnswering || standIn !== undefined}>Ask</button>
        <button type="button" disabled={!isAnswering} onClick={() => void stop()}>
          Stop
        </button>
      </form>
      {messages
        .filter(({ role }) => role === 'assistant')
        .map(({ id: key, parts }) => (
          <blockquote key={key} className="answer">
            <p>{parts.map((part) => (part.type === 'text' ? part.text : ''))}</p>
          </blockquote>
        ))}
      {error && (
        <div className="answer bad" role="alert">
          <p>{error.message}</p>
        </div>
      )}
    </Demo>
  )
}

export default { title: 'useChat', component: WithTheAiSdk } satisfies Meta

export const WithoutARoute: StoryObj = {
  async play({ canvasElement }) {
    if (standIn) return
    const canvas = within(canvasElement)
    await userEvent.click(canvas.getByRole('button', { name: 'Ask' }))
    await expect(await canvas.findByText(/on its belly\.$/, {}, { timeout: 15_000 })).toBeVisible()
  },
}

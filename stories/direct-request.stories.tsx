import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState } from 'react'
import { expect, userEvent, within } from 'storybook/test'
import { apiUrl } from 'virtual:demo-api'
import { useClientSecretRequest } from '../src/exports/index.ts'
import { ApiSaw, Code, Demo, json, Step, Timeline } from './demo/panels.tsx'

/** What OpenAI answers to a chat completion. */
interface Completion {
  choices: { message: { content: string } }[]
}

const request = {
  clientSecretName: 'openai',
  url: `${apiUrl}/v1/chat/completions`,
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  data: { model: 'gpt-5', messages: [{ role: 'user', content: 'Tell me something about otters.' }] },
} as const

function AskAQuestion() {
  const [askedAt, setAskedAt] = useState(0)
  const fact = useClientSecretRequest<Completion>(request)
  return (
    <Demo
      title="Direct request"
      lead="Without a queue and without polling the relay calls the API while the page waits, and hands its answer back."
      aside={
        <>
          <Step who="This page sends">
            <Code>{json(request)}</Code>
          </Step>
          <Step who="It sees">
            <Timeline status={fact.status} />
          </Step>
          <Step who="The API got">
            <ApiSaw isSettled={fact.status === 'resolved'} since={askedAt} mark="something about otters" />
          </Step>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          setAskedAt(Date.now())
          fact.send()
        }}
      >
        <button disabled={fact.isLoading}>Tell me something about otters</button>
      </form>
      {fact.status === 'resolved' && (
        <blockquote className="answer" aria-live="polite">
          <p>{fact.data.choices[0]?.message.content}</p>
        </blockquote>
      )}
    </Demo>
  )
}

export default { title: 'Direct request', component: AskAQuestion } satisfies Meta

export const AskAndWait: StoryObj = {
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await userEvent.click(canvas.getByRole('button'))
    await expect(await canvas.findByText(/Otters hold hands/, {}, { timeout: 15_000 })).toBeVisible()
  },
}

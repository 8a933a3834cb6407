import type { Meta, StoryObj } from '@storybook/react-vite'
import { useEffect, useState } from 'react'
import { expect, userEvent, within } from 'storybook/test'
import { apiUrl, standIn } from 'virtual:demo-api'
import { registerClientSecretWorker } from '../src/exports/worker.ts'
import { ApiSaw, Code, Demo, json, Step } from './demo/panels.tsx'

const request = {
  method: 'POST',
  headers: { authorization: 'Bearer $CLIENT_SECRET', 'content-type': 'application/json' },
  body: json({ model: 'gpt-5', messages: [{ role: 'user', content: 'What does a worker know about otters?' }] }),
}

/** An SDK without a fetch option, as the page sees it: it knows nothing of a relay. */
async function ask(): Promise<string> {
  const response = await fetch(`${apiUrl}/v1/chat/completions`, request)
  if (!response.ok) throw new Error(`The API answers ${response.status}: ${await response.text()}`)
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] }
  return choices[0]?.message.content ?? ''
}

function WithoutAFetchOption() {
  const isServed = useWorker()
  const [askedAt, setAskedAt] = useState(0)
  const [answer, setAnswer] = useState<string>()
  const [failure, setFailure] = useState<string>()
  return (
    <Demo
      title="Service worker"
      lead="Code that takes no fetch of yours calls the API itself. The service worker sends its call through the relay."
      isScripted
      aside={
        <>
          <Step who="The service worker">
            <p className="quiet">{isServed === undefined ? 'It starts.' : isServed ? 'It serves this page.' : none}</p>
          </Step>
          <Step who="This page calls">
            <Code>{`fetch('${apiUrl}/v1/chat/completions', ${json(request)})`}</Code>
          </Step>
          <Step who="The API got">
            <ApiSaw isSettled={answer !== undefined} since={askedAt} mark="a worker know about otters" />
          </Step>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          setAskedAt(Date.now())
          setAnswer(undefined)
          setFailure(undefined)
          ask().then(setAnswer, (error: Error) => setFailure(error.message))
        }}
      >
        <button disabled={!isServed}>Tell me something about otters</button>
      </form>
      {answer !== undefined && (
        <blockquote className="answer" aria-live="polite">
          <p>{answer}</p>
        </blockquote>
      )}
      {failure !== undefined && (
        <div className="answer bad" role="alert">
          <p>{failure}</p>
        </div>
      )}
    </Demo>
  )
}

const none = standIn
  ? 'Here is no relay, so that there is no worker either. npm run demo has both.'
  : 'This browser has none for this page.'

/** Whether the worker serves this page; undefined until that is known. */
function useWorker(): boolean | undefined {
  const [isServed, setIsServed] = useState<boolean | undefined>(standIn && false)
  useEffect(() => {
    if (!standIn) void registerClientSecretWorker().then(setIsServed, () => setIsServed(false))
  }, [])
  return isServed
}

export default { title: 'Service worker', component: WithoutAFetchOption } satisfies Meta

export const NoFetchOption: StoryObj = {
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    if (standIn) return
    await canvas.findByText('It serves this page.', {}, { timeout: 15_000 })
    await userEvent.click(canvas.getByRole('button'))
    await expect(await canvas.findByText(/Otters hold hands/, {}, { timeout: 15_000 })).toBeVisible()
    await expect(await canvas.findByText('with the real key')).toBeVisible()
  },
}

import type { Meta, StoryObj } from '@storybook/react-vite'
import { Component, type ReactNode } from 'react'
import { expect, userEvent, within } from 'storybook/test'
import { apiUrl } from 'virtual:demo-api'
import { useClientSecretRequest, type ClientSecretRequestParams } from '../src/exports/index.ts'
import { Code, Demo, json, Step, Timeline } from './demo/panels.tsx'

const good = {
  clientSecretName: 'openai',
  url: `${apiUrl}/v1/chat/completions`,
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  data: { model: 'gpt-5', messages: [{ role: 'user', content: 'Tell me something about otters.' }] },
} as const

function SendAndFail({ title, lead, request }: { title: string; lead: string; request: ClientSecretRequestParams }) {
  const result = useClientSecretRequest(request)
  return (
    <Demo
      title={title}
      lead={lead}
      aside={
        <>
          <Step who="This page sends">
            <Code>{json(request)}</Code>
          </Step>
          <Step who="It sees">
            <Timeline status={result.status} />
          </Step>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          result.send()
        }}
      >
        <button disabled={result.isLoading}>Send</button>
      </form>
      {result.status === 'failed' && (
        <div className="answer bad" role="alert">
          <p>
            <code className="bad">{result.error.code}</code>
          </p>
          <p>{result.error.message}</p>
        </div>
      )}
    </Demo>
  )
}

const meta = { title: 'When it fails', component: SendAndFail } satisfies Meta<typeof SendAndFail>
export default meta

type Story = StoryObj<typeof meta>

/** Presses the button and looks for the code and the sentence. */
function failsWith(code: string, sentence: RegExp): NonNullable<Story['play']> {
  return async ({ canvasElement }) => {
    const canvas = within(canvasElement)
    await userEvent.click(canvas.getByRole('button'))
    const alert = await canvas.findByRole('alert', {}, { timeout: 15_000 })
    await expect(alert).toHaveTextContent(code)
    await expect(alert).toHaveTextContent(sentence)
  }
}

export const TheApiFails: Story = {
  args: {
    title: 'The API fails',
    lead: 'An answer of 400 or more is an error with the code UPSTREAM_ERROR. It says what the API said, and keeps its body.',
    request: { ...good, data: { model: 'gpt-5', messages: [{ role: 'user', content: 'Are you busy?' }] } },
  },
  play: failsWith('UPSTREAM_ERROR', /The API answered 503 Service Unavailable: The server is overloaded with otters/),
}

export const ThePlaceholderIsMissing: Story = {
  args: {
    title: 'A wrong request',
    lead: 'A mistake in the request is found before anything is sent. The error names the field and says what to do.',
    request: { ...good, headers: { Authorization: 'Bearer CLIENT_SECRET' } },
  },
  play: failsWith('PLACEHOLDER_MISSING', /Write it where the key belongs/),
}

export const TheKeyIsAskedToGoElsewhere: Story = {
  args: {
    title: 'A key goes only where it may',
    lead: 'In a prompt, the API would echo the key back. The relay’s rules name the places where a key may stand; everything else is refused.',
    request: {
      ...good,
      data: { model: 'gpt-5', messages: [{ role: 'user', content: 'Repeat after me: $CLIENT_SECRET' }] },
    },
  },
  play: failsWith('NOT_ALLOWED', /may not be used in data#\/messages\/0\/content/),
}

export const WithoutAProvider: StoryObj = {
  parameters: { withoutProvider: true },
  render: () => (
    <Demo
      title="Without a provider"
      lead="A hook needs to know which relay to call. Where nobody says so, it says what to put where."
      aside={
        <Step who="The fix">
          <Code>{'<ClientSecretProvider relay="/relay">\n  <App />\n</ClientSecretProvider>'}</Code>
        </Step>
      }
    >
      <ShowError>
        <Lonely />
      </ShowError>
    </Demo>
  ),
  async play({ canvasElement }) {
    await expect(await within(canvasElement).findByRole('alert')).toHaveTextContent(
      'Put <ClientSecretProvider relay="/relay"> around your app.',
    )
  },
}

function Lonely() {
  const result = useClientSecretRequest(good)
  return <button onClick={() => result.send()}>Send</button>
}

class ShowError extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {}

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override render() {
    const { error } = this.state
    if (!error) return this.props.children
    return (
      <div className="answer bad" role="alert">
        <p>{error.message}</p>
      </div>
    )
  }
}

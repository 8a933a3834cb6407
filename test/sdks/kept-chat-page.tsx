import { createOpenAI } from '@ai-sdk/openai'
import { useChat } from '@ai-sdk/react'
import { isStepCount, tool, ToolLoopAgent } from 'ai'
import { StrictMode, useState, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import * as z from 'zod'
import { createChatTransport } from '../../src/exports/ai-sdk.ts'
import {
  ClientSecretProvider,
  createClient,
  sessionPersister,
  useClientSecretStream,
  type ClientSecretProviderProps,
} from '../../src/exports/index.ts'

declare global {
  interface Window {
    apiUrl: string
    relay: string
    /** Calls of the tool. */
    toolCalls: number
  }
}

const client = createClient({ relay: window.relay })

const transport = createChatTransport({
  client,
  // On the page /queued-inline.
  queue: location.pathname === '/queued-inline' ? 'chat' : undefined,
  agent(fetchWith) {
    const openai = createOpenAI({
      apiKey: '$CLIENT_SECRET',
      baseURL: `${window.apiUrl}/v1`,
      fetch: fetchWith('openai'),
    })
    const count = tool({
      description: 'Counts otters.',
      inputSchema: z.object({}),
      execute: () => (window.toolCalls = (window.toolCalls ?? 0) + 1),
    })
    return new ToolLoopAgent({ model: openai('gpt-5'), tools: { count }, stopWhen: isStepCount(3) })
  },
})

/** With a Chat of the hook, which StrictMode stops. */
function Inline() {
  const [before] = useState(() => transport.messages('inline'))
  const { messages, sendMessage, stop, status, error } = useChat({
    id: 'inline',
    messages: before,
    resume: true,
    transport,
  })
  const [text, setText] = useState('')
  const texts = messages.filter(({ role }) => role === 'assistant').map(({ parts }) => parts)
  return (
    <form action={() => void sendMessage({ text })}>
      <input aria-label="Question" value={text} onChange={(event) => setText(event.target.value)} />
      <button>Ask</button>
      <button type="button" onClick={() => void stop()}>
        Stop
      </button>
      <pre data-testid="text">
        {texts
          .flat()
          .map((part) => (part.type === 'text' ? part.text : ''))
          .join('')}
      </pre>
      <output>{`${status}, ${messages.length} messages`}</output>
      {error && <p role="alert">{error.message}</p>}
    </form>
  )
}

function Stream() {
  const answer = useClientSecretStream(
    {
      clientSecretName: 'openai',
      url: `${window.apiUrl}/v1/responses`,
      method: 'POST',
      headers: { Authorization: 'Bearer $CLIENT_SECRET' },
      data: { stream: true, input: location.search },
      ...(location.pathname === '/queued-stream' && { queue: 'chat' }),
    },
    { id: 'stream', persist: sessionPersister },
  )
  return (
    <>
      <button onClick={answer.send}>Ask</button>
      <button onClick={() => void answer.cancel()}>Stop</button>
      <pre data-testid="text">{answer.text}</pre>
      <output>{answer.inQueue === undefined ? answer.status : `${answer.status} ${answer.inQueue}`}</output>
    </>
  )
}

const inProvider = (children: ReactNode, props: ClientSecretProviderProps) => (
  <ClientSecretProvider {...props}>{children}</ClientSecretProvider>
)

// @ts-expect-error The test makes it.
const printed = () => import('/kept-chat-as-printed.tsx') as Promise<{ KeptChat: () => ReactNode }>

async function page(): Promise<ReactNode> {
  const shown = location.pathname.slice(1).replace('queued-', '')
  if (shown === 'inline') return <StrictMode>{<Inline />}</StrictMode>
  if (shown === 'stream') return <StrictMode>{inProvider(<Stream />, { client })}</StrictMode>
  const { KeptChat } = await printed()
  return <KeptChat />
}

createRoot(document.body.appendChild(document.createElement('div'))).render(await page())

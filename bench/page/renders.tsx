import { createOpenAI } from '@ai-sdk/openai'
import { useChat } from '@ai-sdk/react'
import { DefaultChatTransport, ToolLoopAgent, type ChatTransport, type UIMessage } from 'ai'
import { useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { createChatTransport } from '../../src/exports/ai-sdk.ts'
import { ClientSecretProvider, createClient, useClientSecretStream } from '../../src/exports/index.ts'

/** The page of `bench:renders`: the text of one stream, by one side. */
export interface RendersBench {
  /** Sends the request. */
  send: () => void
  /** The text on the page, the renders of the component that shows it, and whether the stream has ended. */
  seen: () => { text: string; renders: number; isOver: boolean }
}

declare global {
  interface Window {
    apiUrl: string
    relay: string
    renders: RendersBench
  }
}

let renders = 0
let isOver = false
let send: () => void

function Shown({ text, status, onSend }: { text: string; status: string; onSend: () => void }) {
  useEffect(() => {
    renders += 1
    send = onSend
    isOver = status === 'resolved' || (status === 'ready' && text !== '')
  })
  return <p id="text">{text}</p>
}

function Ours() {
  const { text, status, send } = useClientSecretStream({
    clientSecretName: 'api',
    url: `${window.apiUrl}/v1/responses`,
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
    data: { model: 'gpt-5', stream: true },
  })
  return <Shown text={text} status={status} onSend={send} />
}

const client = createClient({ relay: window.relay })
const transports: Record<'relay' | 'route', () => ChatTransport<UIMessage>> = {
  /** The same stream through the same relay. */
  relay: () =>
    createChatTransport({
      client,
      agent(fetchWith) {
        const openai = createOpenAI({
          apiKey: '$CLIENT_SECRET',
          baseURL: `${window.apiUrl}/v1`,
          fetch: fetchWith('api'),
        })
        return new ToolLoopAgent({ model: openai('gpt-5') })
      },
      // The messages of an agent without tools are narrower.
    }) as unknown as ChatTransport<UIMessage>,
  /** The same texts in the AI SDK's own protocol, without a relay. */
  route: () => new DefaultChatTransport<UIMessage>({ api: `${window.apiUrl}/ui` }),
}

let chatTransport: ChatTransport<UIMessage> | undefined

function Chat({ by, throttle }: { by: keyof typeof transports; throttle?: number }) {
  const { messages, sendMessage, status } = useChat<UIMessage>({
    id: 'chat',
    transport: (chatTransport ??= transports[by]()),
    ...(throttle && { throttle }),
  })
  const parts = messages.filter(({ role }) => role === 'assistant').flatMap((message) => message.parts)
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  return <Shown text={text} status={status} onSend={() => void sendMessage({ text: 'Otters?' })} />
}

const sides = {
  ours: (
    <ClientSecretProvider client={client}>
      <Ours />
    </ClientSecretProvider>
  ),
  relay: <Chat by="relay" />,
  route: <Chat by="route" />,
  throttled: <Chat by="route" throttle={16} />,
}

window.renders = {
  send: () => send(),
  seen: () => ({ text: document.getElementById('text')?.textContent ?? '', renders, isOver }),
}
createRoot(document.getElementById('place')!).render(sides[location.pathname.slice(1) as keyof typeof sides])

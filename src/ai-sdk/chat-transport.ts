import {
  DirectChatTransport,
  type Agent,
  type ChatTransport,
  type DirectChatTransportOptions,
  type InferUITools,
  type ToolSet,
  type UIMessage,
  type UIMessageChunk,
} from 'ai'
import type { Persistence } from '../client/browser-storage.ts'
import { clientSecretErrorOf } from '../client/client-secret-error-of.ts'
import type { ClientCore } from '../client/create-core.ts'
import { randomId } from '../client/random-id.ts'
import { createChatStore, type KeptAnswer } from './chat-store.ts'
import { keptFetch } from './kept-fetch.ts'

/** A message whose tools are those of the agent. */
type MessageOf<Tools extends ToolSet> = UIMessage<unknown, never, InferUITools<Tools>>

/** The agent of a chat, and the options of the AI SDK's `DirectChatTransport`. */
export interface ChatTransportOptions<Tools extends ToolSet, Message extends MessageOf<Tools>> extends Omit<
  DirectChatTransportOptions<never, Tools, Record<string, unknown>, never, Message>,
  'agent' | 'options' | 'originalMessages' | 'generateMessageId'
> {
  /** The relay's client, such as of `createClient`. */
  client: ClientCore
  /**
   * Makes the agent. Called for each answer, with the function that gives the model its `fetch` for a key. The relay
   * keeps what this fetch gets.
   */
  agent: (fetchWith: (clientSecretName: string) => typeof fetch) => Agent<never, Tools>
  /** The queue of the calls of the model, of the caller or shared. `useChat` is `submitted` while a call is in line. Default: none. */
  queue?: string | undefined
  /** Keeps chats for this tab, or for this browser. Default `session`. */
  persist?: Persistence | undefined
}

/** A transport for `useChat`, whose answers survive a reload. */
export interface KeptChatTransport<Message extends UIMessage> extends ChatTransport<Message> {
  /** The messages of a chat, as this page or the page before the reload last sent or received them. */
  messages: (chatId: string) => Message[]
  /** Removes a chat from the storage of the browser. Does not end its call. */
  forget: (chatId: string) => void
}

/**
 * Runs a chat of the AI SDK in the page, without a route of your server: the model's calls go through the relay, which
 * keeps their answers. After a reload, `useChat` with `resume: true` shows the answer so far, and goes on.
 *
 * @example
 * const transport = createChatTransport({
 *   client,
 *   agent: (fetchWith) =>
 *     new ToolLoopAgent({ model: createOpenAI({ apiKey: '$CLIENT_SECRET', fetch: fetchWith('openai') })('gpt-5') }),
 * })
 * useChat({ id: 'chat', messages: transport.messages('chat'), resume: true, transport })
 */
export function createChatTransport<Tools extends ToolSet, Message extends MessageOf<Tools> = MessageOf<Tools>>({
  client,
  agent,
  queue,
  persist = 'session',
  onEnd,
  ...options
}: ChatTransportOptions<Tools, Message>): KeptChatTransport<Message> {
  const store = createChatStore<Message>(client, persist)

  /** The answer, from its beginning. */
  async function run(chatId: string, messages: Message[], answer: KeptAnswer, signal: AbortSignal | undefined) {
    const isCurrent = () => store.read(chatId).answer?.messageId === answer.messageId
    const save = () => isCurrent() && store.write(chatId, { messages, answer })
    let count = 0
    let isLost = false
    const log = {
      next() {
        const known = answer.calls[count++]
        if (known) return { call: known, isKnown: true }
        const call = { idempotencyKey: randomId(), at: Date.now() }
        answer.calls.push(call)
        save()
        return { call, isKnown: false }
      },
      began(call: KeptAnswer['calls'][number], id: string) {
        call.id = id
        save()
      },
      lost: () => (isLost = true),
    }
    const direct = new DirectChatTransport<never, Tools, Record<string, unknown>, never, Message>({
      onError: (error) => reasonOf(error).message,
      ...options,
      agent: agent((name) => keptFetch(client, name, queue, log)),
      generateMessageId: () => answer.messageId,
      async onEnd(end) {
        // A lost connection has the rest after a reload.
        if (isCurrent() && !isLost) store.write(chatId, { messages: end.messages })
        await onEnd?.(end)
      },
    })
    const sent = { trigger: 'submit-message', chatId, messageId: undefined, messages, abortSignal: signal } as const
    try {
      return readToItsEnd(await direct.sendMessages(sent))
    } catch (error) {
      if (isCurrent() && !isLost) store.write(chatId, { messages })
      throw error
    }
  }

  return {
    resumeStreamIsReplay: true,
    messages: (chatId) => store.read(chatId).messages,
    forget: store.forget,

    async sendMessages({ chatId, messages, abortSignal }) {
      const answer = { messageId: randomId(), calls: [] }
      store.write(chatId, { messages, answer })
      return run(chatId, messages, answer, abortSignal)
    },

    async reconnectToStream({ chatId, abortSignal }): Promise<ReadableStream<UIMessageChunk> | null> {
      const { messages, answer } = store.read(chatId)
      if (!answer) return null
      // StrictMode unmounts the hook at once, which stops the chat. That must not end the call.
      await Promise.resolve()
      if (abortSignal?.aborted) return null
      if (answer.calls.some(({ id }) => id && parseInt(id, 36) < Date.now())) {
        store.write(chatId, { messages })
        return null
      }
      return run(chatId, messages, answer, abortSignal)
    },
  }
}

/** Goes on reading when its reader leaves, because the AI SDK calls `onEnd` at the end only. A stopped answer ends at once. */
function readToItsEnd<Chunk>(chunks: ReadableStream<Chunk>): ReadableStream<Chunk> {
  const reader = chunks.getReader()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw reasonOf(error)
      })
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      while (!(await reader.read().catch(() => ({ done: true }))).done);
    },
  })
}

/** Our error in an error of the AI SDK, whose message says less. */
function reasonOf(error: unknown): Error {
  return clientSecretErrorOf(error) ?? (error as Error)
}

import type { UIMessage } from 'ai'
import { readStorage, storageKey, writeStorage, type Persistence } from '../client/browser-storage.ts'
import type { ClientCore } from '../client/create-core.ts'
import { keepSession } from '../client/keep-session.ts'

/** A call of the model that an answer needs, in the order of the calls. */
export interface KeptCall {
  idempotencyKey: string
  /** The time of the call. */
  at: number
  /** Of the relay's record, once the call has a place in its queue, or the API answers. It begins with the time of expiry. */
  id?: string | undefined
}

/** An answer that is not complete. */
export interface KeptAnswer {
  messageId: string
  calls: KeptCall[]
}

/** What a page stores of a chat. */
interface StoredChat<Message> {
  messages: Message[]
  /** Undefined for a complete chat. */
  answer?: KeptAnswer | undefined
}

/** The chats of a page, over its reloads. */
export interface ChatStore<Message> {
  read: (chatId: string) => StoredChat<Message>
  write: (chatId: string, chat: StoredChat<Message>) => void
  forget: (chatId: string) => void
}

export function createChatStore<Message extends UIMessage>(client: ClientCore, where: Persistence): ChatStore<Message> {
  const keyOf = (chatId: string) => storageKey('chat', client.transport.name, client.user, chatId)
  const forget = (chatId: string) => writeStorage(where, keyOf(chatId), null)
  return {
    read(chatId) {
      try {
        const { messages, answer } = JSON.parse(readStorage(where, keyOf(chatId))!) as StoredChat<Message>
        return { messages: Array.from(messages), answer }
      } catch {
        return { messages: [] }
      }
    },
    write(chatId, chat) {
      keepSession(client, where)
      // Where storage is full, nothing is better than the chat before.
      forget(chatId)
      writeStorage(where, keyOf(chatId), JSON.stringify(chat))
    },
    forget,
  }
}

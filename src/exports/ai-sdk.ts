export { createChatTransport } from '../ai-sdk/chat-transport.ts'
export type { ChatTransportOptions, KeptChatTransport } from '../ai-sdk/chat-transport.ts'

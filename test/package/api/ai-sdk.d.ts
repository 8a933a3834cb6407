import { ToolSet, UIMessage, InferUITools, DirectChatTransportOptions, Agent, ChatTransport } from 'ai';
import { ClientCore } from './client.js';
import './request.js';
import './errors.js';
import './relay-transport.js';

/** Storage of this tab, or of this browser. */
type Persistence = 'session' | 'local';

/** A message whose tools are those of the agent. */
type MessageOf<Tools extends ToolSet> = UIMessage<unknown, never, InferUITools<Tools>>;
/** The agent of a chat, and the options of the AI SDK's `DirectChatTransport`. */
interface ChatTransportOptions<Tools extends ToolSet, Message extends MessageOf<Tools>> extends Omit<DirectChatTransportOptions<never, Tools, Record<string, unknown>, never, Message>, 'agent' | 'options' | 'originalMessages' | 'generateMessageId'> {
    /** The relay's client, such as of `createClient`. */
    client: ClientCore;
    /**
     * Makes the agent. Called for each answer, with the function that gives the model its `fetch` for a key. The relay
     * keeps what this fetch gets.
     */
    agent: (fetchWith: (clientSecretName: string) => typeof fetch) => Agent<never, Tools>;
    /** The queue of the calls of the model, of the caller or shared. `useChat` is `submitted` while a call is in line. Default: none. */
    queue?: string | undefined;
    /** Keeps chats for this tab, or for this browser. Default `session`. */
    persist?: Persistence | undefined;
}
/** A transport for `useChat`, whose answers survive a reload. */
interface KeptChatTransport<Message extends UIMessage> extends ChatTransport<Message> {
    /** The messages of a chat, as this page or the page before the reload last sent or received them. */
    messages: (chatId: string) => Message[];
    /** Removes a chat from the storage of the browser. Does not end its call. */
    forget: (chatId: string) => void;
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
declare function createChatTransport<Tools extends ToolSet, Message extends MessageOf<Tools> = MessageOf<Tools>>({ client, agent, queue, persist, onEnd, ...options }: ChatTransportOptions<Tools, Message>): KeptChatTransport<Message>;

export { createChatTransport };
export type { ChatTransportOptions, KeptChatTransport };

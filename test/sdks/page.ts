import { clientSecretErrorOf, createClient } from '../../src/exports/client.ts'
import { registerClientSecretWorker } from '../../src/exports/worker.ts'
import { sdks, type Kind } from './sdks.ts'
import { workerSdks } from './worker-sdks.ts'

declare global {
  interface Window {
    /** Makes one call of an SDK, whose key is the placeholder. */
    ask: (name: string, keyName: string, kind: Kind) => Promise<string>
    /** Shows the recipe of useChat, as the documentation prints it. */
    showChat: () => void
    register: typeof registerClientSecretWorker
    /** Makes one call of what takes no fetch. */
    askWorker: (name: string, call: string) => Promise<string>
    codeOf: (thrown: unknown) => string | undefined
  }
}

const client = createClient({ relay: '/relay' })

window.ask = (name, keyName, kind) => {
  const { start, prefix = '' } = sdks.find((sdk) => sdk.name === name)!
  return start({ apiKey: `${prefix}$CLIENT_SECRET`, fetch: client.fetchWith(keyName) })[kind]!()
}

window.register = registerClientSecretWorker
window.askWorker = (name, call) => workerSdks.find((sdk) => sdk.name === name)!.calls[call]!()
window.codeOf = (thrown) => clientSecretErrorOf(thrown)?.code

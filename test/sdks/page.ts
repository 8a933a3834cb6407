import { createClient } from '../../src/exports/client.ts'
import { sdks, type Kind } from './sdks.ts'

declare global {
  interface Window {
    /** Makes one call of an SDK, whose key is the placeholder. */
    ask: (name: string, keyName: string, kind: Kind) => Promise<string>
  }
}

const client = createClient({ relay: '/relay' })

window.ask = (name, keyName, kind) => {
  const { start, prefix = '' } = sdks.find((sdk) => sdk.name === name)!
  return start({ apiKey: `${prefix}$CLIENT_SECRET`, fetch: client.fetchWith(keyName) })[kind]!()
}

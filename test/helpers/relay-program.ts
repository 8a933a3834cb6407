// A relay as a process of its own, for tests that kill it. Its options come from the environment.
import type { RelayOptions } from '../../src/relay/options.ts'
import { serve } from '../../src/command/serve.ts'

const options = JSON.parse(process.env['RELAY_OPTIONS']!) as RelayOptions
const { url } = await serve(options, { port: 0, host: '127.0.0.1' })
console.log(url)

import { literal } from '../../relay/keys/suggested-rule.ts'
import type { Api, StarterRequest } from './starter-request.ts'

/** The texts of the files that init creates. */

function importOf(names: string, module: string): string {
  return `import ${names} from ${literal(module)}`
}

/** The key in a config. */
export function keyText({ name, settings }: Api, { endpoint, isForVisitors }: StarterRequest): string {
  const options = { ...settings, endpoints: [endpoint], ...(isForVisitors && { locked: false }) }
  return `${name}: ${name}(${literal(options)})`
}

export function configText(api: Api, request: StarterRequest, isTypeScript: boolean): string {
  const callers = request.isForVisitors
    ? 'Every visitor may use this key, 60 times a minute together. Without locked: false, only signed-in users may.'
    : 'Only signed-in users may use this key, because it reads or writes much. Add authenticate, which says who they are.'
  return `${importOf(`{ ${api.name} }`, 'react-client-secret/presets')}
${isTypeScript ? `${importOf('type { RelayOptions }', 'react-client-secret/relay')}\n` : ''}
export default {
  keys: {
    // ${callers}
    ${keyText(api, request)},
  },
  database: './relay.db',
}${isTypeScript ? ' satisfies RelayOptions' : ''}
`
}

/** A component that makes one call and shows its answer. */
export function componentText(api: Api, request: StarterRequest, isClientOnly: boolean): string {
  const { url, method, headers, params, data } = request
  const given = { headers, params }
  const filled = Object.entries(given).filter(([, values]) => Object.keys(values).length > 0)
  const fields = Object.entries({
    clientSecretName: api.name,
    url,
    method,
    ...Object.fromEntries(filled),
    ...(data && { data }),
  }).map(([name, value]) => `    ${name}: ${literal(value)},\n`)
  return `${isClientOnly ? "'use client'\n\n" : ''}${importOf('{ ClientSecretProvider, useClientSecretRequest }', 'react-client-secret')}

function Call() {
  const call = useClientSecretRequest({
${fields.join('')}  })
  return (
    <>
      <button onClick={call.send} disabled={call.isLoading}>
        Call ${api.name}
      </button>
      {/* The message is for you. Show visitors your own words. */}
      <pre>{call.error ? call.error.message : JSON.stringify(call.data, null, 2)}</pre>
    </>
  )
}

export default function ClientSecretExample() {
  return (
    <ClientSecretProvider relay="/relay">
      <Call />
    </ClientSecretProvider>
  )
}
`
}

/** @param exported Such as `const { GET } = relayRoute(config)`. */
export function routeText(config: string, ...exported: string[]): string {
  return `${importOf('{ relayRoute }', 'react-client-secret/relay')}
${importOf('config', config)}

${exported.join('\n')}
`
}

export const webRoute = 'export const { GET, POST, PUT, DELETE } = relayRoute(config)'

/** For a server of Node, Express or Fastify. */
export function listenerText(config: string): string {
  return `${importOf('{ createRelay, nodeListener }', 'react-client-secret/relay')}
${importOf('config', config)}

export const relay = nodeListener(createRelay(config))
`
}

import * as modelsAndMedia from '../../presets/models-and-media.ts'
import { filler, type Preset } from '../../presets/preset.ts'
import * as services from '../../presets/services.ts'
import { placeholder } from '../../protocol/placeholder.ts'
import { UsageError } from '../usage-error.ts'

/** The choice of an API. */
export interface Api {
  /** The name of its preset, and of the key. */
  name: string
  /** The settings of the preset, such as `accountSid`. */
  settings: Record<string, string>
  /** The environment variables with its secret. */
  variables: string[]
}

/** The request of the example component. */
export interface StarterRequest {
  /** The endpoint of the preset that allows it. */
  endpoint: string
  /** Whether every visitor may make it. Not where an API's endpoints all read or write much. */
  isForVisitors: boolean
  url: string
  method: string
  headers: Record<string, string>
  params: Record<string, string>
  data: object | undefined
}

type AnyPreset = Preset
const presets = { ...modelsAndMedia, ...services } as unknown as Record<string, AnyPreset>

/** The names of all APIs that init can set up. */
export const apiNames = Object.keys(presets).sort()

/** The first calls of APIs without a harmless read: an endpoint, its method and url, and a body. */
const firstCalls: Record<string, [endpoint: string, data: object]> = {
  openai: [
    'chat',
    { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Describe an otter in one sentence.' }] },
  ],
  anthropic: [
    'messages',
    {
      model: 'claude-sonnet-4-5',
      max_tokens: 200,
      messages: [{ role: 'user', content: 'Describe an otter in one sentence.' }],
    },
  ],
  mistral: [
    'chat',
    { model: 'mistral-small-latest', messages: [{ role: 'user', content: 'Describe an otter in one sentence.' }] },
  ],
  github: ['issues', { title: 'An otter waves' }],
  deepl: ['translate', { text: ['an otter'], target_lang: 'DE' }],
}

/** The settings that an API needs. */
export function requiredSettings(name: string): readonly string[] {
  return presetOf(name).settings.required
}

function presetOf(name: string): AnyPreset {
  const found = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (!found) throw new UsageError(`There is no preset "${name}". The presets are ${apiNames.join(', ')}.`)
  return found
}

/** @throws UsageError for an unknown API, and for a missing or unknown setting. */
export function readApi(name: string, settings: Record<string, string>): Api {
  const { settings: known, variables } = presetOf(name)
  const missing = known.required.find((setting) => !settings[setting])
  if (missing) throw new UsageError(`${name} needs ${missing}. Add --set ${missing}=….`)
  const unknown = Object.keys(settings).find(
    (setting) => !known.required.includes(setting) && !Object.hasOwn(known.optional, setting),
  )
  if (unknown) throw new UsageError(`${name} has no setting ${unknown}.`)
  return { name, settings, variables: typeof variables === 'string' ? [variables] : Object.values(variables) }
}

/** Of an API whose endpoints all read or write much, a config must name them: then any. */
function endpointsOf({ defaults, endpoints }: AnyPreset): readonly string[] {
  return defaults.length > 0 ? defaults : Object.keys(endpoints)
}

/** A request that one endpoint of the preset allows: a known first call, or else a read, or else any. */
export function starterRequestOf({ name, settings }: Api): StarterRequest {
  const preset = presetOf(name)
  const known = firstCalls[name]
  const candidates = (known ? [known[0]] : endpointsOf(preset)).flatMap((endpoint) => {
    const { allow } = preset({ ...settings, endpoints: [endpoint] } as never)
    return allow.flatMap(({ url, methods }) => methods.map((method) => ({ endpoint, url, method })))
  })
  const isRead = ({ method }: { method: string }) => method === 'GET'
  const found =
    candidates.find((one) => isRead(one) && !one.url.includes('*')) ?? candidates.find(isRead) ?? candidates[0]!
  const fill = filler({ ...preset.settings.optional, ...settings }, preset.settings.required)
  const filled = (texts: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(texts).map(([field, text]) => [field, fill(text)]))
  return {
    ...found,
    isForVisitors: preset.defaults.includes(found.endpoint),
    url: found.url.replaceAll('**', 'example').replaceAll('*', 'example'),
    headers: filled(preset.auth.headers),
    // A path with the placeholder needs no other place.
    params: found.url.includes(placeholder) ? {} : filled(preset.auth.params),
    data: known?.[1] ?? (isRead(found) || found.method === 'DELETE' ? undefined : {}),
  }
}

import type { KeyChange, KeyEntry, WireLimits, WireRule } from '../protocol/keys.ts'
import { placeholder } from '../protocol/placeholder.ts'
import type { Failure } from './failure.ts'

/** The contents of the form: text as typed, without the value of the key, which stays in its input. */
export interface KeyDraft {
  name: string
  locked: boolean
  rules: RuleDraft[]
  limits: Record<keyof WireLimits, string>
  /** Token, signature, names and places of values, as JSON. */
  settings: string
}

export interface RuleDraft {
  /** The React key, so that a rule keeps its state when an earlier one is removed. */
  id: number
  url: string
  methods: string[]
  places: string[]
  allowPrivateNetwork: boolean
  retryable: boolean
  /** Unchanged, because the page has no field for it. */
  stream: boolean
  /** Unchanged too, unless the settings have it. */
  inEach: WireRule['inEach']
}

/** The settings of a draft. */
export interface DraftSettings extends Pick<KeyChange, 'token' | 'sign' | 'values'> {
  /** The places of each value, in all rules. */
  inEach?: WireRule['inEach']
}

/** Errors by field, named as in the relay's paths: `name`, `allow[0].url`. '' has the errors without a field. */
export type Errors = Record<string, Failure>

export const limitFields = ['requestsPerMinute', 'unsettled', 'bytesPerDay'] as const satisfies (keyof WireLimits)[]

let lastId = 0

export function ruleDraft(rule: WireRule = { url: '', methods: [] }): RuleDraft {
  return {
    id: ++lastId,
    url: rule.url,
    methods: rule.methods.map((method) => method.toUpperCase()),
    places: rule.in ?? [defaultPlace(rule.url)],
    allowPrivateNetwork: rule.allowPrivateNetwork ?? false,
    retryable: rule.retryable ?? false,
    stream: rule.stream ?? false,
    inEach: rule.inEach,
  }
}

/** The relay's default place for a rule. */
export function defaultPlace(url: string): string {
  return url.includes(placeholder) ? 'url.path' : 'headers.authorization'
}

/** The draft of a new key, or of an existing one. */
export function keyDraft(entry?: KeyEntry): KeyDraft {
  const limit = (name: keyof WireLimits) => String(entry?.limits[name] ?? '')
  return {
    name: entry?.name ?? '',
    locked: entry?.locked ?? true,
    rules: entry ? entry.allow.map(ruleDraft) : [ruleDraft()],
    limits: {
      requestsPerMinute: limit('requestsPerMinute'),
      unsettled: limit('unsettled'),
      bytesPerDay: limit('bytesPerDay'),
    },
    settings: entry ? settingsText(entry) : '',
  }
}

function settingsText({ token, sign, values, allow }: KeyEntry): string {
  const [inEach, ...others] = new Set(allow.map((rule) => rule.inEach && JSON.stringify(rule.inEach)))
  const shared = others.length === 0 && inEach ? (JSON.parse(inEach) as WireRule['inEach']) : undefined
  const settings: DraftSettings = { token, sign, values, inEach: shared }
  const text = JSON.stringify(settings, null, 2)
  return text === '{}' ? '' : text
}

/** The settings as typed; undefined while they are no JSON object. */
function settingsOf({ settings }: Pick<KeyDraft, 'settings'>): DraftSettings | undefined {
  if (!settings.trim()) return {}
  try {
    const read: unknown = JSON.parse(settings)
    return typeof read === 'object' && !Array.isArray(read) ? (read ?? undefined) : undefined
  } catch {
    return undefined
  }
}

/** The names of several values, as typed so far; undefined for one value. */
export function namesOf(draft: Pick<KeyDraft, 'settings'>): string[] | undefined {
  const values: unknown = settingsOf(draft)?.values
  const names = Array.isArray(values) ? values.filter((name) => typeof name === 'string' && name !== '') : []
  return names.length > 0 ? [...new Set(names as string[])] : undefined
}

/** The change for the relay, without the value. */
export function changeOf(draft: KeyDraft, isNew: boolean): KeyChange {
  const limits = Object.entries(draft.limits).flatMap(([name, text]) => (text.trim() ? [[name, Number(text)]] : []))
  const { inEach: inAll, ...settings } = settingsOf(draft) ?? {}
  return {
    ...settings,
    locked: draft.locked,
    allow: draft.rules.map(({ url, methods, places, inEach = inAll, allowPrivateNetwork, retryable, stream }) => ({
      url: url.trim(),
      methods,
      ...((inAll ?? inEach) ? { inEach: inAll ?? inEach } : { in: places }),
      ...(allowPrivateNetwork && { allowPrivateNetwork }),
      ...(retryable && { retryable }),
      ...(stream && { stream }),
    })),
    limits: Object.fromEntries(limits) as WireLimits,
    isNew,
  }
}

/** Whether a place still needs the name of its header, parameter or field. */
export function isNameless(place: string): boolean {
  return /[.#]\/?$/.test(place)
}

/** The change that keeps a key as it is. The caller changes one field of it. */
export function sameKey({ locked, allow, limits, token, sign, values }: KeyEntry): KeyChange {
  return { locked, allow, limits, token, sign, values, isNew: false }
}

/** Errors for fields that the relay needs for its check. The relay checks everything else. */
export function missingIn(draft: KeyDraft): Errors {
  const errors: Errors = {}
  if (!draft.name.trim()) errors['name'] = { sentence: 'Enter a name, such as openai.' }
  draft.rules.forEach(({ url, methods, places }, index) => {
    if (!url.trim())
      errors[`allow[${index}].url`] = {
        sentence: 'Enter the address that receives the secret, such as https://api.example.com/v1/items.',
      }
    if (methods.length === 0) errors[`allow[${index}].methods`] = { sentence: 'Choose at least one method.' }
    if (places.some(isNameless)) errors[`allow[${index}].in`] = { sentence: 'Enter a name.' }
  })
  if (!settingsOf(draft)) errors['settings'] = { sentence: 'Enter a JSON object, or leave the field empty.' }
  for (const [name, text] of Object.entries(draft.limits)) {
    if (text.trim() && !/^[1-9]\d*$/.test(text.trim()))
      errors[`limits.${name}`] = { sentence: 'Enter a whole number above 0, or leave the field empty.' }
  }
  return errors
}

/** The field of the form for an error of this path; '' if the form has no such field. */
export function fieldOf(path: string | undefined, draft: KeyDraft): string {
  const match =
    /(?:^|\.)(name|secret|token|sign|values|locked|limits\.\w+|allow(?:[[.](\d+)\]?(?:\.(url|methods|inEach|in))?)?)/.exec(
      path ?? '',
    )
  if (!match) return ''
  const [, field = '', index, part] = match
  if (/^(token|sign|values)$/.test(field)) return 'settings'
  if (field.startsWith('limits.')) return limitFields.some((name) => field === `limits.${name}`) ? field : ''
  if (!field.startsWith('allow')) return field
  // An error of a whole rule appears at its url.
  if (part === 'inEach') return 'settings'
  return Number(index ?? 0) < draft.rules.length ? `allow[${index ?? 0}].${part ?? 'url'}` : ''
}

import { ClientSecretError } from '../protocol/errors.ts'

/** Fields, a form, its data, or its submit event, whose default is prevented. */
export type SkapiForm<Fields extends object> = Fields | FormData | HTMLFormElement | SubmitEvent

/**
 * The fields of a form, as skapi-js reads them: `headers[Accept]` is a field of `headers`, and
 * `list[0]` an item of `list`. Numbers and checkboxes have values of their types. Files are left out.
 */
export function fieldsOfForm<Fields extends object>(given: SkapiForm<Fields>): Partial<Fields> {
  const form = 'preventDefault' in given ? submitted(given as SubmitEvent) : given
  const entries =
    typeof HTMLFormElement !== 'undefined' && form instanceof HTMLFormElement
      ? [...form.querySelectorAll('select'), ...form.querySelectorAll('textarea'), ...form.querySelectorAll('input')]
          .map((element) => [element.name, valueOf(element)] as const)
          .filter(([name, value]) => name && value !== undefined)
      : typeof FormData !== 'undefined' && form instanceof FormData
        ? [...form].filter(([, value]) => typeof value === 'string')
        : undefined
  if (!entries) return form as Fields
  const fields: Record<string, unknown> = {}
  for (const [name, value] of entries) append(fields, pathOf(name), value)
  return fields as Partial<Fields>
}

function submitted(event: SubmitEvent): HTMLFormElement {
  event.preventDefault()
  return event.target as HTMLFormElement
}

function valueOf(element: HTMLSelectElement | HTMLTextAreaElement | HTMLInputElement): unknown {
  const { type, value } = element
  if (!('checked' in element) || (type !== 'number' && type !== 'checkbox' && type !== 'radio'))
    return type === 'file' ? undefined : value
  if (type === 'number') return value === '' ? undefined : Number(value)
  const { checked } = element
  const yes = ['', 'on', 'true'].includes(value)
  const no = value === 'false'
  if (!yes && !no) return checked ? value : undefined
  return checked || type === 'checkbox' ? yes === checked : undefined
}

/** `a[b][0]` is a, b and 0. */
function pathOf(name: string): (string | number)[] {
  return name.split('[').map((part) => {
    const key = part.replace(']', '')
    if (key === '__proto__')
      throw new ClientSecretError('INVALID_PARAMETER', `A form has no field of this name: ${name}.`, { path: name })
    return /^\d+$/.test(key) ? Number(key) : key.replace(/^(["'])(.*)\1$/, '$2')
  })
}

function append(fields: Record<string | number, unknown>, [key, ...rest]: (string | number)[], value: unknown): void {
  const known = Object.hasOwn(fields, key!) ? fields[key!] : undefined
  if (rest.length) {
    const inner = known ?? (typeof rest[0] === 'number' ? [] : {})
    fields[key!] = inner
    append(inner as Record<string, unknown>, rest, value)
  } else
    fields[key!] =
      known === undefined ? value : Array.isArray(known) ? [...(known as unknown[]), value] : [known, value]
}

/** Merges the fields of both, and keeps getters: a component renders only for fields that it reads. */
export function mergeGetters<One extends object, Other extends object>(one: One, other: Other): One & Other {
  const fields = { ...Object.getOwnPropertyDescriptors(one), ...Object.getOwnPropertyDescriptors(other) }
  return Object.defineProperties({}, fields) as One & Other
}

/**
 * The value, with getters that record each read. A first read gives the current
 * field. After a change of a field that was read, all fields stay as they were:
 * what one field says holds for the others.
 */
export function tracked<Value extends object>(
  value: Value,
  store: { read: () => Value },
  fieldsRead: Set<PropertyKey>,
): Value {
  let shown = value
  const getters = Object.keys(value).map((field) => [
    field,
    {
      enumerable: true,
      get: () => {
        const now = store.read()
        if (sameFields(shown, now, fieldsRead)) shown = now
        fieldsRead.add(field)
        return Reflect.get(shown, field)
      },
    },
  ])
  return Object.defineProperties({}, Object.fromEntries(getters) as PropertyDescriptorMap) as Value
}

export function sameFields(before: object, after: object, fields: Set<PropertyKey>): boolean {
  return [...fields].every((field) => Object.is(Reflect.get(before, field), Reflect.get(after, field)))
}

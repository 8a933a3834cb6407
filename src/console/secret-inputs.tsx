import { useRef } from 'react'
import type { KeyChange } from '../protocol/keys.ts'
import type { Failure } from './failure.ts'
import { SecretField } from './secret-field.tsx'

/** The inputs for the value of a key, or for each of its values. React never holds them. */
export function useSecretInputs(names: readonly string[] | undefined) {
  const inputs = useRef(new Map<string, HTMLInputElement>())
  const shown = names ?? ['']
  const filled = () => shown.flatMap((name) => inputs.current.get(name)?.value || [])
  return {
    names: shown,
    set: (name: string) => (input: HTMLInputElement | null) => {
      if (input) inputs.current.set(name, input)
      else inputs.current.delete(name)
    },
    isComplete: () => filled().length === shown.length,
    /** Undefined if all are empty. */
    read(): KeyChange['secret'] {
      const values = filled()
      if (values.length === 0) return undefined
      return names ? Object.fromEntries(names.map((name) => [name, inputs.current.get(name)?.value ?? ''])) : values[0]
    },
    clear() {
      for (const input of inputs.current.values()) input.value = ''
    },
    focus: () => inputs.current.get(shown[0]!)?.focus(),
  }
}

export function SecretInputs({
  inputs,
  label,
  hint,
  error,
  isFirst,
  onInput,
}: {
  inputs: ReturnType<typeof useSecretInputs>
  label: string
  hint: string
  error: Failure | undefined
  isFirst?: boolean
  onInput?: () => void
}) {
  return inputs.names.map((name, index) => (
    <SecretField
      key={name}
      input={inputs.set(name)}
      label={name ? `${label}, ${name}` : label}
      hint={index === 0 ? hint : ''}
      error={index === 0 ? error : undefined}
      isFirst={isFirst && index === 0}
      onInput={onInput}
    />
  ))
}

import { Sentence } from './field.tsx'
import type { Errors } from './key-draft.ts'

/** Whether only signed-in users can use the key. */
export function LockedField({
  isLocked,
  isFirst,
  errors,
  onChange,
}: {
  isLocked: boolean
  /** Whether the dialog opens with the focus here. */
  isFirst: boolean
  errors: Errors
  onChange: (isLocked: boolean) => void
}) {
  const error = errors['locked']
  return (
    <label className="check">
      <input
        type="checkbox"
        data-focus={isFirst || undefined}
        checked={isLocked}
        aria-invalid={error ? true : undefined}
        aria-describedby="locked-note"
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>
        <strong>Locked</strong>
        <span className={error ? 'error' : 'hint'} id="locked-note">
          {error ? (
            <Sentence failure={error} />
          ) : isLocked ? (
            'Only users who are signed in to your site can use this key.'
          ) : (
            'Every visitor of your site can use this key.'
          )}
        </span>
      </span>
    </label>
  )
}

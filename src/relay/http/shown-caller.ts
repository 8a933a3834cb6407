import { isVisitor } from '../common/caller.ts'

/** The id of a user or an administrator. For a visitor, a few characters of the session's hash. */
export function shownCaller(owner: string): string {
  const id = owner.slice(owner.indexOf(':') + 1)
  return isVisitor(owner) ? `visitor ${id.slice(0, 6)}` : id
}

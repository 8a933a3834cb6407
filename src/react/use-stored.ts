import { useEffect, useState } from 'react'
import useSWR, { useSWRConfig, type Middleware, type SWRConfiguration } from 'swr'
import { keyPrefix, storeSettings } from './swr-settings.ts'

/** A value in SWR's cache, as one component has it. */
export interface Stored<Value> {
  /** As it is now. */
  read: () => Value
  write: (value: Value) => void
}

let instances = 0

/**
 * A value of this component in SWR's cache. The component renders when it
 * changes, unless `isSame` says that the change does not show.
 */
export function useStored<Value>(
  initial: Value,
  isSame: (before: Value, after: Value) => boolean,
): [Value, Stored<Value>] {
  const { cache, mutate } = useSWRConfig()
  // Not useId: it repeats in a second React root, and both would share a value.
  const [key] = useState(() => `${keyPrefix}#${++instances}`)

  const [entry] = useState(() => {
    /** The value while the component is not mounted, when it is not in the cache: what nobody shows must not stay there. */
    let kept: Value | undefined = initial
    let isMounted = false
    const inCache = () => cache.get(key)?.data as Value | undefined
    const read = () => (isMounted ? inCache() : kept) ?? initial
    const write = (value: Value) => {
      if (isMounted) void mutate(key, value, { revalidate: false })
      else kept = value
    }
    const mount = () => {
      isMounted = true
      if (kept !== undefined && kept !== initial) write(kept)
      return () => {
        kept = inCache()
        isMounted = false
        cache.delete(key)
      }
    }
    return { read, write, mount }
  })
  useEffect(() => entry.mount(), [entry])

  const own = ownAnswer<Value>(key, {
    ...storeSettings,
    compare: (a, b) => isSame((a ?? initial) as Value, (b ?? initial) as Value),
  })
  useSWR(key, null, { use: [own.middleware] })
  return [own.answer() ?? initial, entry]
}

/**
 * SWR joins the host's middleware (`use`) with ours and has no way to opt out,
 * and a middleware may change what the hook gives. Ours is the innermost: it
 * asks SWR for what we want, and keeps the answer before anybody changes it.
 */
function ownAnswer<Value>(
  key: string,
  settings: SWRConfiguration,
): { middleware: Middleware; answer: () => Value | undefined } {
  let answer: Value | undefined
  return {
    middleware: (useSWRNext) =>
      function useOwnAnswer(_key, _fetcher, config) {
        const response = useSWRNext(key, null, { ...config, ...settings })
        answer = response.data as Value | undefined
        return response as never
      },
    answer: () => answer,
  }
}

import useSWR, { type Middleware, type SWRConfiguration, type SWRResponse } from 'swr'

/**
 * `useSWR` with these arguments only.
 *
 * SWR adds the host's middleware (`use`) to ours, which may change the result and
 * cannot be turned off. Our middleware is the innermost: it calls SWR with our
 * arguments, and keeps the answer.
 */
export function useIsolatedSWR<Data, Error>(
  key: string | null,
  fetcher: (() => Promise<Data>) | null,
  settings: SWRConfiguration<Data, Error>,
): SWRResponse<Data, Error> {
  const { middleware, answer } = keepingAnswer(key, fetcher, settings)
  useSWR(key, null, { use: [middleware] })
  return answer()
}

function keepingAnswer<Data, Error>(
  key: string | null,
  fetcher: (() => Promise<Data>) | null,
  settings: SWRConfiguration<Data, Error>,
) {
  let answer: SWRResponse<Data, Error> | undefined
  const middleware: Middleware = (useSWRNext) =>
    function useIsolatedAnswer(_key, _fetcher, config) {
      const own = { ...config, ...settings } as SWRConfiguration<Data, Error>
      answer = useSWRNext<Data, Error>(key, fetcher as never, own as never)
      return answer as never
    }
  return {
    middleware,
    answer: (): SWRResponse<Data, Error> => {
      if (answer) return answer
      throw new Error('A middleware of <SWRConfig> must call useSWRNext(key, fetcher, config) in every render.')
    },
  }
}

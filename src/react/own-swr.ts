import useSWR, { type Middleware, type SWRConfiguration, type SWRResponse } from 'swr'

/**
 * `useSWR` that does what its arguments say and nothing else.
 *
 * SWR joins the host's middleware (`use`) with ours and has no way to opt out,
 * and a middleware may change what the hook gives. Ours is the innermost: it
 * asks SWR for what we want, and keeps the answer before anybody changes it.
 */
export function useOwnSWR<Data, Error>(
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
    function useOwnAnswer(_key, _fetcher, config) {
      const own = { ...config, ...settings } as SWRConfiguration<Data, Error>
      answer = useSWRNext<Data, Error>(key, fetcher as never, own as never)
      return answer as never
    }
  return {
    middleware,
    answer: (): SWRResponse<Data, Error> => {
      if (answer) return answer
      throw new Error(
        'A middleware of <SWRConfig use={…}> must call useSWRNext(key, fetcher, config) in every render, and did not.',
      )
    },
  }
}

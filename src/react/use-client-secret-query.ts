import { useEffect, useMemo } from 'react'
import { unstable_serialize as serialize, useSWRConfig, type SWRConfiguration, type SWRResponse } from 'swr'
import type { ClientCore } from '../client/create-core.ts'
import { createRequest } from '../client/create-request.ts'
import { isPollStopped } from '../client/poll-stopped.ts'
import type { RequestParams } from '../client/request-params.ts'
import type { StandardSchema } from '../client/standard-schema.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'
import type { Method } from '../protocol/request.ts'
import { useIsolatedSWR } from './isolated-swr.ts'
import { useClient } from './client-context.ts'
import { sharedInstances } from './shared-instances.ts'
import { createSWRStore, useSWRStore, type SWRStore } from './swr-store.ts'
import { mergeGetters } from './tracked-fields.ts'
import { keyPrefix, settingsFor } from './swr-settings.ts'
import { useLatest } from './use-latest.ts'

/** The request of a query, and SWR's options for it. */
export interface UseClientSecretQueryOptions<Data = unknown> extends Pick<
  SWRConfiguration<Data, ClientSecretError>,
  | 'suspense'
  | 'fallbackData'
  | 'keepPreviousData'
  | 'revalidateOnFocus'
  | 'revalidateOnReconnect'
  | 'revalidateIfStale'
  | 'revalidateOnMount'
  | 'refreshInterval'
  | 'dedupingInterval'
  | 'shouldRetryOnError'
  | 'errorRetryCount'
  | 'errorRetryInterval'
  | 'onSuccess'
  | 'onError'
> {
  /** Any Standard Schema (zod, valibot, arktype …); checks `data` and gives it its type. */
  schema?: StandardSchema<Data> | undefined
}

/** SWR's result, and the progress of the request. */
export type UseClientSecretQuery<Data = unknown> = SWRResponse<Data, ClientSecretError> & QueryProgress

interface QueryProgress {
  /** True while the client polls for the answer. */
  isPolling: boolean
  /** The relay's record of the latest request. */
  record: ClientSecretRecord | undefined
}

const progresses = sharedInstances<SWRStore<QueryProgress>>()

const noProgress: QueryProgress = { isPolling: false, record: undefined }

/**
 * Loads data for a component when it renders. SWR caches the answer and shares it
 * between all components with the same request. `null` sends nothing. Everything else
 * is SWR's behaviour, with SWR's defaults.
 *
 * A method other than GET is sent once, and again only with `mutate()` or an option.
 *
 * @example
 * const models = useClientSecretQuery({
 *   clientSecretName: 'openai',
 *   url: 'https://api.openai.com/v1/models',
 *   method: 'GET',
 *   headers: { Authorization: 'Bearer $CLIENT_SECRET' },
 * })
 */
export function useClientSecretQuery<Data = unknown>(
  request: RequestParams | null,
  options: UseClientSecretQueryOptions<Data> = {},
): UseClientSecretQuery<Data> {
  const client = useClient('useClientSecretQuery')
  const { cache, mutate } = useSWRConfig()
  const key = request && `${keyPrefix}${client.key}/query/${serialize(request)}`
  const progress = useMemo(() => {
    const name = `${key ?? keyPrefix}/progress`
    return progresses.get(cache, client, name, () => createSWRStore<QueryProgress>(cache, mutate, name, noProgress))
  }, [cache, mutate, client, key])
  useEffect(() => progress.attach(), [progress])
  const { schema, ...rest } = options
  // Undefined counts as a missing option.
  const settings = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const latest = useLatest({ schema })

  const answer = useIsolatedSWR<Data, ClientSecretError>(
    key,
    request && (() => ask<Data>(client, request, latest.current.schema, progress.write)),
    { ...settingsFor(request?.method?.toUpperCase() as Method), ...settings } as SWRConfiguration<
      Data,
      ClientSecretError
    >,
  )
  const now = useSWRStore(progress)
  return useMemo(() => mergeGetters(answer, now), [answer, now])
}

async function ask<Data>(
  client: ClientCore,
  params: RequestParams,
  schema: StandardSchema | undefined,
  show: (progress: QueryProgress) => void,
): Promise<Data> {
  const request = createRequest(client, {
    // A query shows its answer without further calls, so it polls a queued request.
    params: { ...params, poll: params.poll || (params.queue === undefined ? params.poll : 1_000) },
    listeners: () => ({ schema }),
    onChange: ({ record, isPolling }) => show({ record, isPolling }),
  })
  const sent = await request.send()
  if (isPollStopped(sent) || !sent.response)
    throw new ClientSecretError('ABORTED', 'The polling of this query was stopped.')
  return sent.data as Data
}

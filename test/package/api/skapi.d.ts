import { T as Transport } from './create-core.js';
import { RecordStatus, CancelAnswer } from './client.js';
import { RequestParams, PollStopped, Client } from './client.js';
import './request.js';
import './errors.js';
import './relay-transport.js';

/** Fields, a form, its data, or its submit event, whose default is prevented. */
type SkapiForm<Fields extends object> = Fields | FormData | HTMLFormElement | SubmitEvent;

/** A function of an answer or an error, whose parameter an app may give the type that it expects. */
type SkapiCallback = {
    call(value: unknown): unknown;
}['call'];
/** Callbacks as in skapi-js: what they return is the result of `clientSecretRequest`. */
interface SkapiCallbacks {
    /** Called with the API's body. */
    onResponse?: SkapiCallback | undefined;
    /** Called with a `ClientSecretError`. With it, `clientSecretRequest` does not reject. */
    onError?: SkapiCallback | undefined;
}
/** The parameters of `clientSecretRequest` of skapi-js. */
interface SkapiRequestParams extends Omit<RequestParams, 'method' | 'poll'>, SkapiCallbacks {
    /** Any letter case. */
    method: string;
    /** Milliseconds between polls; `true` is 1,000. */
    poll?: number | boolean | undefined;
}
/** Options of a poll. */
interface SkapiPollOptions extends SkapiCallbacks {
    /** Milliseconds between polls. Default 1,000. */
    latency?: number | undefined;
}
/** Gives the API's body, or `{ id, status: 'stopped' }` after a stop. */
interface SkapiPolling extends Promise<unknown> {
    /** Ends this poll. The request goes on. */
    stop: () => void;
}
/** Result of a request with a `queue` and no `poll`. */
interface SkapiQueued {
    id: string;
    status: RecordStatus;
    queue_name: string;
    /** Position in the queue: 1 is next, or running. */
    in_queue: number;
    poll: (options?: SkapiPollOptions) => SkapiPolling;
}
/** One request of the history. */
interface SkapiHistoryItem {
    id: string;
    status: RecordStatus;
    status_code: number | null;
    response_body: unknown;
    request_body: unknown;
    error?: unknown;
    /** Milliseconds, as `updated`. */
    created: number;
    updated: number;
    /** Seconds since 1970. */
    expires: number;
    queue_name: string;
    compact?: true;
    /** Only while pending or running. */
    poll?: (options?: SkapiPollOptions) => SkapiPolling;
}
/** Which requests the history gives. */
interface SkapiHistoryParams {
    url: string;
    method: string;
    /** The exact name, with and without `queue_exact`. */
    queue?: string | undefined;
    queue_exact?: boolean | undefined;
    /** A page may have fewer items then. */
    queue_exclude?: string | undefined;
    status?: RecordStatus | undefined;
    /** Without bodies. */
    compact?: boolean | undefined;
}
/** A page of a list. */
interface SkapiFetchOptions {
    /** 1 to 100. */
    limit?: number | undefined;
    /** That of the page before. */
    startKey?: Record<string, unknown> | string | null | undefined;
    /** Gives the page after the one that the last equal call gave. */
    fetchMore?: boolean | undefined;
    /** The newest is always first; `true` is refused. */
    ascending?: boolean | undefined;
}
/** A page of the history. */
interface SkapiPage {
    list: SkapiHistoryItem[];
    startKey: Record<string, unknown> | 'end';
    endOfList: boolean;
    startKeyHistory: string[];
}
/** Which polls to stop: one request, those of a queue, or all. */
interface SkapiPollFilter {
    url?: string | undefined;
    method?: string | undefined;
    id?: string | undefined;
    queue?: string | undefined;
}
/** What skapi-js calls its requests with a client secret. */
interface SkapiCompatible {
    /** Calls an API with a key that only the relay knows. Takes the submit event of a form, too. */
    clientSecretRequest: <Data = unknown>(params: SkapiForm<SkapiRequestParams>) => Promise<Data>;
    clientSecretRequestHistory: (params: SkapiForm<SkapiHistoryParams>, fetchOptions?: SkapiFetchOptions) => Promise<SkapiPage>;
    cancelClientSecretRequest: (params: SkapiForm<{
        id: string;
        url?: string;
        method?: string;
        queue?: string;
    }>) => Promise<CancelAnswer>;
    /** Stops polls, not requests. Returns how many it stopped. */
    stopClientSecretPolling: (filter?: SkapiPollFilter) => number;
    /** True for the result of a stopped poll. */
    isPollStopped: (result: unknown) => result is PollStopped;
    clientSecretRequestQueueCount: (params: {
        queue: string;
    }) => Promise<{
        queue_name: string;
        in_queue: number;
    }>;
}
/**
 * The requests of skapi-js with its names and habits, over a client of this package. An app written for
 * skapi-js keeps its calls. The page _From Skapi_ lists the differences.
 *
 * @example
 * const skapi = skapiCompatible(createClient({ relay: '/relay' }))
 * skapi.stopClientSecretPolling({ queue: 'images' })
 */
declare function skapiCompatible(client: Client): SkapiCompatible;

/** The methods that Skapi knows. */
type SkapiMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * The part of a Skapi object that this package uses, so that skapi-js is not a
 * dependency. Source: skapi-js 1.5.8 and 2.0.0-rc.6.
 */
interface SkapiLike {
    /** The signed-in user, or null. Known only once `getConnectionInfo` resolves. */
    readonly user?: unknown;
    /** The service's id; part of a polled id in 2.0. */
    readonly service?: string;
    /** The id of the service's owner. */
    readonly owner?: string;
    /** Resolves once the client is connected and signed in. */
    getConnectionInfo?: () => Promise<unknown>;
    util: {
        request: (endpoint: string, data?: object, options?: {
            auth?: boolean;
            tokenHeaders?: {
                accessToken?: boolean;
            };
        }) => Promise<unknown>;
    };
    clientSecretRequestHistory: (params: {
        url: string;
        method: SkapiMethod;
        queue?: string;
        /** From 2.0 on, as the two below. 1.5.8 drops them. */
        status?: 'pending' | 'running' | 'resolved' | 'failed';
        compact?: boolean;
        /** Without it, `queue` is the beginning of a name. */
        queue_exact?: boolean;
    }, options?: {
        limit?: number;
        startKey?: Record<string, unknown>;
    }) => Promise<{
        list: unknown[];
        startKey?: unknown;
        endOfList?: boolean;
    }>;
    /** From 2.0 on. */
    cancelClientSecretRequest?: (params: {
        url: string;
        method: SkapiMethod;
        id: string;
        queue?: string;
    }) => Promise<unknown>;
    /** From 2.0 on. */
    clientSecretRequestQueueCount?: (params: {
        queue: string;
    }) => Promise<unknown>;
}
/** Talks to Skapi. Features that Skapi lacks fail with an error that says so. */
declare function skapiTransport(skapi: SkapiLike): Transport;

export { Transport, skapiCompatible, skapiTransport };
export type { SkapiCallback, SkapiCallbacks, SkapiCompatible, SkapiFetchOptions, SkapiForm, SkapiHistoryItem, SkapiHistoryParams, SkapiLike, SkapiPage, SkapiPollFilter, SkapiPollOptions, SkapiPolling, SkapiQueued, SkapiRequestParams };

import { C as ClientSecretRequest, M as Method } from './request.js';
import { C as ClientSecretError } from './errors.js';
import { R as RelayTransportOptions } from './relay-transport.js';

declare const statuses: readonly ["pending", "running", "resolved", "failed", "cancelled"];
/** The state of a request. `pending` waits in a queue; the last three are settled. */
type RecordStatus = (typeof statuses)[number];
/**
 * The upstream's answer as JSON. The body is the exact text, or base64 for bytes, so
 * that no step on the way has to parse it.
 */
interface UpstreamResponse {
    status: number;
    /** Names in lower case. */
    headers: Record<string, string>;
    body: string;
    encoding?: 'base64' | undefined;
    /** In place of `body`, the bytes of a direct answer that is no text. They travel as bytes. */
    bytes?: Uint8Array<ArrayBuffer> | undefined;
}
/** An error as JSON. */
interface WireError {
    code: string;
    message: string;
    status?: number | undefined;
    path?: string | undefined;
    requestId?: string | undefined;
    /** Seconds. */
    retryAfter?: number | undefined;
}
/** The relay's record of a request. Times are milliseconds since 1970. */
interface ClientSecretRecord {
    id: string;
    status: RecordStatus;
    /** Changes with every change of the record. Compare it for equality only. */
    version: string;
    queueName?: string | undefined;
    /** Position in the queue while unsettled: 1 is next, or running. */
    inQueue?: number | undefined;
    createdAt: number;
    updatedAt: number;
    expiresAt: number;
    /** The request, with the placeholder. Only in the history, and in polls without a version. */
    request?: ClientSecretRequest | undefined;
    response?: UpstreamResponse | undefined;
    error?: WireError | undefined;
}
/** `GET /requests?ids=…`: the records that differ from the versions seen, and an error for each missing one. */
interface PollAnswer {
    records: ClientSecretRecord[];
    errors: {
        id: string;
        error: WireError;
    }[];
}
/** Filters a caller's past requests. A missing field matches all. */
interface HistoryFilter {
    /** The exact url of the request. */
    url?: string | undefined;
    method?: Method | undefined;
    /** The queue's exact name. */
    queue?: string | undefined;
    status?: RecordStatus | undefined;
    /** Without the request's `data` and the response. Default: false. */
    compact?: boolean | undefined;
    /** The maximum of records in a page, 1 to 100. A page of large records holds fewer; its cursor leads on. Default: 20. */
    limit?: number | undefined;
    /** The cursor of the previous page. Default: begins with the newest record. */
    cursor?: string | undefined;
}
/** `GET /requests`: a page of the history, the newest first. */
interface HistoryPage {
    records: ClientSecretRecord[];
    /** Leads to the next page; null at the end. A page with fewer records than `limit` may have one too. */
    cursor: string | null;
}
/** `DELETE /requests/:id`. */
interface CancelAnswer {
    /** False if the request had already settled. */
    removed: boolean;
    message: string;
}
/** `GET /queues/:name`. */
interface QueueCount {
    queueName: string;
    /** The number of the caller's unsettled requests in queues of this name, including the running one. */
    inQueue: number;
}
/** True when the request has its final state. */
declare function isSettled(record: {
    status: RecordStatus;
}): boolean;

/** A record, and the version that the client has. A poll without a version gives the current record. */
interface RecordVersion {
    id: string;
    version?: string | undefined;
}
/** How the client talks to a server. */
interface Transport {
    /** Identifies the server in keys of the browser's storage. */
    readonly name: string;
    /** Whether a submit with the same idempotency key is the same request. If not, the client repeats none. */
    readonly isIdempotent: boolean;
    /**
     * Sends a request. The same `idempotencyKey` is the same request, which makes it safe to repeat.
     */
    submit(request: ClientSecretRequest, options: {
        idempotencyKey: string;
        signal?: AbortSignal | undefined;
    }): Promise<ClientSecretRecord>;
    /**
     * Polls many records in one call. Answers at once with those that differ from
     * the version seen; without one, after at most `wait` milliseconds.
     */
    poll(seen: RecordVersion[], options: {
        wait: number;
        signal: AbortSignal;
    }): Promise<PollAnswer>;
    /** A page of the caller's past requests, the newest first. With a key, of the request that was submitted with it. */
    history(filter: HistoryFilter & {
        idempotencyKey?: string;
    }, options: {
        signal?: AbortSignal | undefined;
    }): Promise<HistoryPage>;
    /** Removes a request from its queue, or ends the running call. */
    cancel: (id: string) => Promise<CancelAnswer>;
    /** Counts the caller's unsettled requests in queues of this name. */
    queueCount: (queueName: string) => Promise<QueueCount>;
    /** Sends a call, and gives the server's answer as it is. The path is `/fetch` by default, the method POST. */
    fetch?(init: {
        path?: string | undefined;
        method?: string;
        headers: Record<string, string>;
        body?: BodyInit;
        signal: AbortSignal | null;
    }): Promise<Response>;
    /**
     * The session of a visitor who is not signed in. Before the first call, `known` becomes
     * the session: that of an earlier page load.
     */
    session?(known: string | null): string;
}

/** Why the polling pauses: the page is hidden, or the device is offline. */
type PauseReason = 'hidden' | 'offline';

/** The callbacks for one record. */
interface Watcher {
    /** Upper bound on the age of the record, in milliseconds. */
    interval: () => number;
    /** Called with every change of the record; a settled one is the last. */
    onRecord: (record: ClientSecretRecord) => void;
    /** Called when the polling pauses, with the reason, and with `undefined` when it continues. */
    onPause: (reason: PauseReason | undefined) => void;
    /** Called when the polling ends early: with an error, or without one after `stop`. */
    onEnd: (error?: ClientSecretError) => void;
}

interface Poller {
    /** Polls a record until it settles, fails, or the returned function is called. */
    watch: (seen: RecordVersion, watcher: Watcher) => () => void;
    /** Ends all polling of a record. */
    stop: (id: string) => void;
}

/** The server of the client, and its user. */
type ClientOptions = (RelayTransportOptions | {
    transport: Transport;
}) & {
    /** Your id of the signed-in user. Requests that persist are separate for each user. */
    user?: string | undefined;
};
/** What the requests of a client share. A page of streams alone loads no poller. */
interface SharedByRequests {
    poller?: Poller;
    /** Called with the first record of each request. */
    listeners: Set<(record: ClientSecretRecord) => void>;
}
/** The parts of a client that hooks use. */
interface ClientCore {
    /** Server, user and a number: unique among the clients of a page. */
    readonly key: string;
    readonly transport: Transport;
    readonly user: string | undefined;
    readonly shared: SharedByRequests;
    /** Calls the listener with the first record of each request of this client, until the returned function is called. */
    onSent: (listener: (record: ClientSecretRecord) => void) => () => void;
}

export { isSettled as i };
export type { ClientCore as C, HistoryFilter as H, PauseReason as P, QueueCount as Q, RecordStatus as R, Transport as T, UpstreamResponse as U, WireError as W, CancelAnswer as a, ClientSecretRecord as b, ClientOptions as c, HistoryPage as d, PollAnswer as e, RecordVersion as f };

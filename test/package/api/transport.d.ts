import { C as ClientSecretRequest, M as Method } from './request.js';

declare const statuses: readonly ["pending", "running", "resolved", "failed", "cancelled"];
/** Where a request stands. `pending` waits in a queue; the last three are settled. */
type RecordStatus = (typeof statuses)[number];
/**
 * The upstream's answer as it travels: the body as the exact text, or in base64
 * where it is bytes, so that nothing on the way has to parse and write it anew.
 */
interface UpstreamResponse {
    status: number;
    /** Names in lower case. */
    headers: Record<string, string>;
    body: string;
    encoding?: 'base64' | undefined;
}
/** An error as it travels. */
interface WireError {
    code: string;
    message: string;
    status?: number | undefined;
    path?: string | undefined;
    requestId?: string | undefined;
    /** Seconds. */
    retryAfter?: number | undefined;
}
/** What the relay knows of a request. Times are milliseconds since 1970. */
interface ClientSecretRecord {
    id: string;
    status: RecordStatus;
    /** Differs whenever something in the record differs; compare, do not read. */
    version: string;
    queueName?: string | undefined;
    /** Place in line while unsettled in a queue: 1 is next, or running. */
    inQueue?: number | undefined;
    createdAt: number;
    updatedAt: number;
    expiresAt: number;
    /** What was asked, with the placeholder; told by the history, and by a poll that names no version. */
    request?: ClientSecretRequest | undefined;
    response?: UpstreamResponse | undefined;
    error?: WireError | undefined;
}
/** `GET /requests?ids=…`: the records that differ from the versions last seen, and what became of the others. */
interface PollAnswer {
    records: ClientSecretRecord[];
    errors: {
        id: string;
        error: WireError;
    }[];
}
/** What of a caller's past requests is wanted; each field left out matches all. */
interface HistoryFilter {
    /** Exactly as it was sent. */
    url?: string | undefined;
    method?: Method | undefined;
    /** The queue's exact name. */
    queue?: string | undefined;
    status?: RecordStatus | undefined;
    /** Without the request's `data` and the response. Default: false. */
    compact?: boolean | undefined;
    /** Records a page at most, 1 to 100. A page of large ones holds fewer; its cursor leads on. Default: 20. */
    limit?: number | undefined;
    /** Where the page before ended. Default: the newest record. */
    cursor?: string | undefined;
}
/** `GET /requests`: a page of the history, the newest first. */
interface HistoryPage {
    records: ClientSecretRecord[];
    /** Where the next page begins; null at the end. Also where this page holds fewer than `limit`. */
    cursor: string | null;
}
/** `DELETE /requests/:id`. */
interface CancelAnswer {
    /** False when it had settled before. */
    removed: boolean;
    message: string;
}
/** `GET /queues/:name`. */
interface QueueCount {
    queueName: string;
    /** The caller's unsettled requests in queues of this name, the running one included. */
    inQueue: number;
}
/** True when nothing about the request will change any more. */
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
    /** A page of the caller's past requests, the newest first. */
    history(filter: HistoryFilter, options: {
        signal?: AbortSignal | undefined;
    }): Promise<HistoryPage>;
    /** Removes a request from its queue, or ends the running call. */
    cancel: (id: string) => Promise<CancelAnswer>;
    /** Counts the caller's unsettled requests in queues of this name. */
    queueCount: (queueName: string) => Promise<QueueCount>;
    /** Sends a call to `/fetch`, and gives the server's answer as it is. */
    fetch?(init: {
        headers: Record<string, string>;
        body: BodyInit;
        signal: AbortSignal | null;
    }): Promise<Response>;
    /**
     * The session of a visitor who is not signed in. Before the first call, `known` becomes
     * the session: that of an earlier page load.
     */
    session?(known: string | null): string;
}

export { isSettled as i };
export type { ClientSecretRecord as C, HistoryFilter as H, PollAnswer as P, QueueCount as Q, RecordStatus as R, Transport as T, UpstreamResponse as U, WireError as W, CancelAnswer as a, HistoryPage as b, RecordVersion as c };

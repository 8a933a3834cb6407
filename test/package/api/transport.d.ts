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

/** Where something is kept over a reload: for this tab, or for this browser. */
type Persistence = 'session' | 'local';

/** A record as the client last saw it. Without a version, whatever there is counts as news. */
interface Seen {
    id: string;
    version?: string | undefined;
}
/** What a server must offer so that the client can talk to it. */
interface Transport {
    /** Which server it is; keeps apart what is kept over a reload. */
    readonly name: string;
    /** Whether the same idempotency key makes a repeated submit the same request. Without, none is repeated. */
    readonly isIdempotent: boolean;
    /**
     * Sends a request. The same `idempotencyKey` again is the same request, not a
     * second one; that is what makes it safe to repeat after a network failure.
     */
    submit(request: ClientSecretRequest, options: {
        idempotencyKey: string;
        signal?: AbortSignal | undefined;
    }): Promise<ClientSecretRecord>;
    /**
     * Asks after many requests in one call. Answers at once with those that differ
     * from the version seen, else after at most `wait` milliseconds with what there is.
     */
    poll(seen: Seen[], options: {
        wait: number;
        signal: AbortSignal;
    }): Promise<PollAnswer>;
    /** A page of the caller's past requests, the newest first. */
    history(filter: HistoryFilter, options: {
        signal?: AbortSignal | undefined;
    }): Promise<HistoryPage>;
    /** Takes a request out of its queue, or ends the call that runs. */
    cancel: (id: string) => Promise<CancelAnswer>;
    /** How many of the caller's requests are unsettled in queues of this name. */
    queueCount: (queueName: string) => Promise<QueueCount>;
    /** Sends a call to `/fetch`, and gives the server's answer as it is. */
    fetch?(init: {
        headers: Record<string, string>;
        body: BodyInit;
        signal: AbortSignal | null;
    }): Promise<Response>;
    /** Sees to it that the caller is the same one after a reload, also when nobody is signed in. */
    remember?(where: Persistence): void;
}

export { isSettled as i };
export type { ClientSecretRecord as C, HistoryFilter as H, Persistence as P, QueueCount as Q, RecordStatus as R, Seen as S, Transport as T, UpstreamResponse as U, WireError as W, CancelAnswer as a, HistoryPage as b, PollAnswer as c };

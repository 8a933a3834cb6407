import { C as ClientSecretRecord, R as RecordVersion, T as Transport } from './transport.js';
import { C as ClientSecretError } from './errors.js';
import { R as RelayTransportOptions } from './relay-transport.js';

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

export type { ClientCore as C, PauseReason as P, ClientOptions as a };

import { T as Transport } from './transport.js';
import './request.js';

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

export { Transport, skapiTransport };
export type { SkapiLike };

import { T as Transport } from './transport.js';
import './request.js';

/**
 * The part of a Skapi object that this package uses, so that skapi-js is not a
 * dependency. Source: skapi-js 1.5.8 and the API of 2.0.
 */
interface SkapiLike {
    /** The signed-in user, or null. */
    readonly user?: unknown;
    /** The service's id; part of a polled id in 2.0. */
    readonly service?: string;
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
        method: 'GET' | 'POST' | 'PUT' | 'DELETE';
        queue?: string;
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
        method: string;
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

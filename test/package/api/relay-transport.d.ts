/** The relay's address, and how to call it. */
interface RelayTransportOptions {
    /** Address of the relay: a path of this site (`/relay`) or an absolute url. */
    relay: string;
    /** Headers for every call, such as Authorization of your own site. A function runs for each call. */
    headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>) | undefined;
    /** Replaces the global `fetch`, for example to include credentials. */
    fetch?: typeof globalThis.fetch | undefined;
}

export type { RelayTransportOptions as R };

import { R as RelayTransportOptions } from './relay-transport.js';

/**
 * Registers the worker, and waits until it serves this page. Render what needs it afterwards: until then, requests go
 * out with the placeholder in the key's place, and the API refuses them.
 *
 * @param url Of the worker's file. It serves the pages below its own folder.
 * @returns False where no worker can serve this page: the browser has none (as on `http:` sites other than
 *   localhost), or the page is not below the worker's folder.
 * @throws TypeError when the browser cannot load the file.
 */
declare function registerClientSecretWorker(url?: string, options?: RegistrationOptions): Promise<boolean>;

/** What the worker sends through the relay, and where the relay is. */
interface ClientSecretWorkerOptions extends RelayTransportOptions {
    /**
     * Names of keys by the origin that they belong to, such as `{ 'https://api.resend.com': 'resend' }`. The placeholder
     * alone names no key. Requests to other origins are none of the worker's business.
     */
    keys: Record<string, string>;
    /**
     * Origins in `keys` whose `<img>`, `<audio>` and `<video>` go through the relay too. Content of other people, such as
     * comments in Markdown, can then spend these keys. Default: none, only calls of scripts.
     */
    media?: string[] | undefined;
}
/**
 * Makes a service worker send requests of its pages through the relay: those to an origin in `keys` whose url or
 * headers hold `$CLIENT_SECRET`. They go the same way as those of `client.fetchWith`. All others stay as they are, also
 * those of elements such as `<img>`, unless `media` names their origin.
 *
 * @example
 * // The whole file of the worker.
 * serveClientSecrets({ relay: '/relay', keys: { 'https://api.resend.com': 'resend' } })
 *
 * @throws ClientSecretError `INVALID_PARAMETER`
 */
declare function serveClientSecrets({ keys, media, ...transport }: ClientSecretWorkerOptions): void;

export { RelayTransportOptions, registerClientSecretWorker, serveClientSecrets };
export type { ClientSecretWorkerOptions };

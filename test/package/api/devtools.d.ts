import { ReactNode } from 'react';
import { ClientCore } from './client.js';
import './request.js';
import './errors.js';
import './relay-transport.js';

/** The client, and how the panel begins. */
interface ClientSecretDevtoolsProps {
    /** Default: the client of the provider around it. */
    client?: ClientCore | undefined;
    /** Whether the panel is open at the beginning. Default: false. */
    isOpen?: boolean | undefined;
}
/**
 * A floating panel with the requests of this page: state, place in line, polls, what the relay said, bytes and events
 * of streams, and times. It shows neither headers nor bodies. A production bundle contains none of it.
 *
 * @example
 * <ClientSecretProvider relay="/relay">
 *   <App />
 *   <ClientSecretDevtools />
 * </ClientSecretProvider>
 */
declare function ClientSecretDevtools$1({ client, ...props }: ClientSecretDevtoolsProps): ReactNode;

/** In production, and with `require`, an empty component: bundlers leave the panel out. */
declare const ClientSecretDevtools: typeof ClientSecretDevtools$1;

export { ClientSecretDevtools };
export type { ClientSecretDevtoolsProps };

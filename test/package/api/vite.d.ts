import { Plugin } from 'vite';

/** The options of the Vite plugin. */
interface ClientSecretRelayOptions {
    /** Path of the config, from the root of the project. Default: `relay.config` with the ending `.ts`, `.mts`, `.js` or `.mjs`. */
    config?: string | undefined;
    /** Path of the relay on the server. Default: `/relay`. */
    path?: string | undefined;
    /** Files with environment variables, from the root of the project. A later file takes precedence over an earlier one, and the environment over both. Default: `.env` and `.env.local`. */
    envFiles?: string[] | undefined;
}
/**
 * A Vite plugin. It runs the relay of `relay.config.ts` in the dev server and in
 * `vite preview`, at `/relay`. It does nothing in a build.
 *
 * The next call uses an edited config. While a config is broken, the terminal
 * shows the reason and the relay keeps the previous one. Variables of `.env` and
 * `.env.local` reach the config, not the page. No page gets the config, its env
 * files and database, or a module that only the config imports.
 *
 * @example
 * export default { plugins: [clientSecretRelay()] }
 */
declare function clientSecretRelay(options?: ClientSecretRelayOptions): Plugin;

export { clientSecretRelay };
export type { ClientSecretRelayOptions };

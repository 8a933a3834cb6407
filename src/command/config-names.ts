/** The names under which a config is found without its path. */
export const configNames = ['relay.config.ts', 'relay.config.mts', 'relay.config.js', 'relay.config.mjs']

declare module 'virtual:demo-api' {
  /** Base url of the demo's OpenAI-compatible API. */
  export const apiUrl: string
  /** What stands in for the relay where Storybook is built into files; undefined where a relay runs. */
  export const standIn: typeof import('./stand-in.ts') | undefined
}

declare module '*.css'

declare module '*.png?inline' {
  /** A `data:` url. */
  const url: string
  export default url
}

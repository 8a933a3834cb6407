declare module 'virtual:demo-api' {
  /** Base url of the demo's OpenAI-compatible API, on a free port of this machine. */
  export const apiUrl: string
}

declare module '*.css'

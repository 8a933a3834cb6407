declare module 'virtual:demo-api' {
  /** Base url of the demo's OpenAI-compatible API. */
  export const apiUrl: string
  /** What stands in for the relay where Storybook is built into files; undefined where a relay runs. */
  export const standIn: typeof import('./stand-in.ts') | undefined
}

declare module 'virtual:demo-recordings' {
  /** What the demo's relay answered while Storybook was built into files. */
  export const recordings: import('../../src/exports/testing.ts').Recording[]
}

declare module '*.css'

import type { ComponentType } from 'react'

interface RefreshRuntime {
  injectIntoGlobalHook: (window: object) => void
  register: (component: unknown, id: string) => void
  createSignatureFunctionForTransform: () => (
    component: unknown,
    key: string,
    forceReset: boolean,
    hooks?: () => unknown[],
  ) => void
  validateRefreshBoundaryAndEnqueueUpdate: (
    id: string,
    before: Record<string, unknown>,
    after: Record<string, unknown>,
  ) => string | undefined
}

/** What Vite's React plugin gives to a browser. Loaded before React is, as in a page. */
const path = '../../node_modules/@vitejs/plugin-react/dist/refresh-runtime.js'
const runtime = (await import(/* @vite-ignore */ path)) as RefreshRuntime
runtime.injectIntoGlobalHook(window)

/** Says that this component is the latest version of its file, as a compiled file does; `hooks` is the text of its hooks. */
export function saveFile<Props>(file: string, component: ComponentType<Props>, hooks: string): ComponentType<Props> {
  runtime.register(component, file)
  runtime.createSignatureFunctionForTransform()(component, hooks, false)
  const refused = runtime.validateRefreshBoundaryAndEnqueueUpdate(file, { component }, { component })
  if (refused) throw new Error(refused)
  return component
}

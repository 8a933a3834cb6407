// swr takes this from a CommonJS package, whose `react` cannot be redirected. React 18 has it itself.
export { useSyncExternalStore } from 'react'

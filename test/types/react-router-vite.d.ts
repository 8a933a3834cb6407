// What the documentation uses of @react-router/dev/vite, which is installed in test/frameworks alone.
import type { Plugin } from 'vite'

export function reactRouter(): Plugin[]

import type { NextConfig } from 'next'

// The config of create-next-app.
export default { cacheComponents: true } satisfies NextConfig

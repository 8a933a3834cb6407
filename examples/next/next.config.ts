import type { NextConfig } from 'next'

// As create-next-app has it.
export default { cacheComponents: true } satisfies NextConfig

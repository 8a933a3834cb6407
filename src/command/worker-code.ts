import { buildWorker } from '../../scripts/build-worker.ts'

// As console-assets.ts of the relay: in the package, the built text replaces this module; see tsup.config.ts.
export const workerCode = await buildWorker()

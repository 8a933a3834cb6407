/**
 * Registers the worker, and waits until it serves this page. Render what needs it afterwards: until then, requests go
 * out with the placeholder in the key's place, and the API refuses them.
 *
 * @param url Of the worker's file. It serves the pages below its own folder.
 * @returns False where no worker can serve this page: the browser has none (as on `http:` sites other than
 *   localhost), or the page is not below the worker's folder.
 * @throws TypeError when the browser cannot load the file.
 */
export async function registerClientSecretWorker(
  url: string = '/client-secret-worker.js',
  options?: RegistrationOptions,
): Promise<boolean> {
  // Its type says that every browser has it.
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (!container) return false
  const controlled = new Promise<void>((resolve) =>
    container.addEventListener('controllerchange', () => resolve(), { once: true }),
  )
  const registration = await container.register(url, options)
  const worker = registration.installing ?? registration.waiting ?? registration.active
  if (!worker || !(await isActive(worker))) return false
  if (container.controller) return true
  if (!(await isClaimed(worker))) return false
  if (!container.controller) await controlled
  return true
}

/** Whether it gets there. */
function isActive(worker: ServiceWorker): Promise<boolean> {
  return new Promise((resolve) => {
    const look = () => {
      if (worker.state === 'activated') resolve(true)
      if (worker.state === 'redundant') resolve(false)
    }
    worker.addEventListener('statechange', look)
    look()
  })
}

/** Whether the worker serves this page, once asked to. */
function isClaimed(worker: ServiceWorker): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }) => resolve(data === true)
    worker.postMessage('claim', [port2])
  })
}

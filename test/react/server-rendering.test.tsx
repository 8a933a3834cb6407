import { act, screen, waitFor } from '@testing-library/react'
import { hydrateRoot } from 'react-dom/client'
import { renderToPipeableStream } from 'react-dom/server'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test, vi } from 'vitest'
import {
  sessionPersister,
  useClientSecretHistory,
  useClientSecretQuery,
  useClientSecretQueue,
  useClientSecretRecord,
} from '../../src/exports/index.ts'
import { reader, setUp } from '../helpers/page.tsx'

test('renders on a server, hydrates without a warning, and works then', async () => {
  const { api, request, inProvider } = await setUp()
  const part = reader({ ...request, id: 'otter', persist: sessionPersister }, 'status', 'isLoading')
  const Others = () => {
    const query = useClientSecretQuery({ ...request, method: 'GET' })
    const history = useClientSecretHistory()
    const queue = useClientSecretQueue('q')
    const record = useClientSecretRecord(null)
    return (
      <i>{[query.data ? 'data' : 'none', history.records.length, queue.inQueue ?? 'unknown', record.status].join()}</i>
    )
  }
  const app = inProvider([<part.Reader key="1" />, <Others key="2" />])
  const stream = renderToPipeableStream(app)
  const html = await text(stream.pipe(new PassThrough()))
  expect(html).toContain('&quot;idle&quot; false')
  expect(html).toContain('none,0,unknown,idle')
  // A server sends nothing.
  expect(api.calls).toEqual([])

  const warnings = vi.spyOn(console, 'error').mockImplementation(() => {})
  const container = document.createElement('div')
  container.innerHTML = html
  document.body.append(container)
  const root = await act(async () => hydrateRoot(container, app))
  await act(() => part.hook.sendAsync())
  expect(part.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } })
  await waitFor(() => expect(screen.getByText(/^data,\d,0,idle$/)).toBeTruthy())
  // React counts its two renderers in one process as a mistake; on a server and in a browser there is one in each.
  const told = warnings.mock.calls.filter(([message]) => !String(message).includes('Detected multiple renderers'))
  expect(told).toEqual([])
  warnings.mockRestore()
  await act(async () => root.unmount())
  container.remove()
})

test('two React roots that share a client keep their states apart', async () => {
  const { request, inProvider } = await setUp()
  const [first, second] = [reader(request, 'status'), reader(request, 'status')]
  const containers = [document.createElement('div'), document.createElement('div')]
  const roots = await act(async () => [
    hydrateRoot(containers[0]!, inProvider(<first.Reader />), { onRecoverableError: () => {} }),
    hydrateRoot(containers[1]!, inProvider(<second.Reader />), { onRecoverableError: () => {} }),
  ])
  await act(() => first.hook.sendAsync())
  expect(first.hook.status).toBe('resolved')
  expect(second.hook.status).toBe('idle')
  await act(async () => roots.forEach((root) => root.unmount()))
})

// First, so that React finds it.
import { eventually } from '../helpers/eventually.ts'
import { saveFile } from '../helpers/fast-refresh.ts'
import { act, render, screen, waitFor } from '@testing-library/react'
import { StrictMode, useState } from 'react'
import { expect, test, vi } from 'vitest'
import {
  useClientSecretHistory,
  useClientSecretQuery,
  useClientSecretRequest,
  type UseClientSecretRequest,
} from '../../src/exports/index.ts'
import { setUpWithDoor, type Picture } from '../helpers/page.tsx'

/** Saves a file and waits until it is on the page. */
async function edit<Props>(...file: Parameters<typeof saveFile<Props>>) {
  await act(async () => {
    saveFile(...file)
    // What Vite's runtime waits for further saves.
    await eventually(() => expect(screen.queryByText('after the edit')).toBeTruthy())
  })
}

test.each([
  { name: 'polled', fields: { poll: 5_000 } },
  { name: 'polled, in a queue', fields: { poll: 5_000, queue: 'q' } },
  { name: 'direct', fields: {} },
])('a component without an id is edited while its request runs: the answer arrives ($name)', async ({ fields }) => {
  const { api, network, request, inProvider, open } = await setUpWithDoor()
  let hook!: UseClientSecretRequest<Picture>
  const onResponse = vi.fn()
  const version = (text: string) =>
    function Otter() {
      const [count] = useState(0)
      hook = useClientSecretRequest<Picture>({ ...request, ...fields, onResponse })
      return (
        <output>
          {hook.data?.picture ?? hook.status} {count}
          <i>{text}</i>
        </output>
      )
    }
  const hooks = 'useState{[count](0)}\nuseClientSecretRequest{hook}'
  const Otter = saveFile(`${JSON.stringify(fields)}.tsx`, version('before the edit'), hooks)
  render(<StrictMode>{inProvider(<Otter />)}</StrictMode>)
  const { send } = hook
  let answer: unknown
  void act(() => void hook.sendAsync().then((given) => (answer = given)))
  await waitFor(() => expect(api.calls).toHaveLength(1))
  if (fields.poll) await waitFor(() => expect(hook.status).toBe('running'))
  const polls = network.polls.length

  await edit(`${JSON.stringify(fields)}.tsx`, version('after the edit'), hooks)
  expect(hook).toMatchObject({ status: fields.poll ? 'running' : 'sending', isLoading: true })
  expect(hook.send).toBe(send)
  open()
  expect(await screen.findByText(/^otter/)).toBeTruthy()
  // Whoever waits for the promise has the answer too, and nothing was polled anew for the edit.
  await waitFor(() => expect(answer).toEqual({ picture: 'otter ' }))
  expect(network.polls.length).toBeLessThanOrEqual(polls + 1)
  expect(onResponse).toHaveBeenCalledOnce()
  expect(api.calls).toHaveLength(1)
})

test('a query and a history survive an edit', async () => {
  const { api, request, inProvider, open } = await setUpWithDoor()
  const version = (text: string) =>
    function Shown() {
      const query = useClientSecretQuery<Picture>({ ...request, method: 'POST' })
      const history = useClientSecretHistory()
      return (
        <output>
          {query.data?.picture ?? 'loading'} {String(history.isLoading)}
          <i>{text}</i>
        </output>
      )
    }
  const Shown = saveFile('shown.tsx', version('before the edit'), 'both')
  render(inProvider(<Shown />))
  await waitFor(() => expect(api.calls).toHaveLength(1))
  await edit('shown.tsx', version('after the edit'), 'both')
  open()
  expect(await screen.findByText(/^otter false/)).toBeTruthy()
  expect(api.calls).toHaveLength(1)
})

test('where the edit changes the hooks, React begins the component anew; with an id the request is still there', async () => {
  const { api, request, inProvider, open } = await setUpWithDoor()
  let hook!: UseClientSecretRequest<Picture>
  const version = (text: string) =>
    function Kept() {
      hook = useClientSecretRequest<Picture>({ ...request, poll: 5_000, id: 'otter' })
      return (
        <output>
          {hook.data?.picture ?? hook.status}
          <i>{text}</i>
        </output>
      )
    }
  const Kept = saveFile('kept.tsx', version('before the edit'), 'one')
  render(inProvider(<Kept />))
  act(() => hook.send())
  await waitFor(() => expect(hook.status).toBe('running'))
  await edit('kept.tsx', version('after the edit'), 'two')
  expect(hook.status).toBe('running')
  open()
  expect(await screen.findByText(/^otter/)).toBeTruthy()
  expect(api.calls).toHaveLength(1)
})

import { act, render, waitFor } from '@testing-library/react'
import * as React from 'react'
import { SWRConfig } from 'swr'
import { expect, test } from 'vitest'
import { reader, setUpWithDoor } from '../helpers/page.tsx'

// Absent in React 18.
const { Activity } = React as { Activity?: typeof React.Activity }

test.skipIf(!Activity).each([undefined, () => new Map<string, never>()])(
  'a hidden <Activity> rests, and goes on when it is shown; cache provider: %o',
  async (provider) => {
    const { api, network, request, inProvider, open } = await setUpWithDoor()
    const part = reader({ ...request, poll: 20_000 }, 'status')
    const Shown = Activity!
    const page = (mode: 'hidden' | 'visible') => (
      <SWRConfig value={provider ? { provider } : {}}>
        {inProvider(
          <Shown mode={mode}>
            <part.Reader />
          </Shown>,
        )}
      </SWRConfig>
    )
    const { rerender } = render(page('visible'))
    act(() => part.hook.send())
    await waitFor(() => expect(part.hook.status).toBe('running'))
    rerender(page('hidden'))
    await waitFor(() => expect(network.inFlight).toBe(0))
    open()
    await waitFor(() => expect(api.calls[0]?.endedAt).toBeDefined())
    rerender(page('visible'))
    await waitFor(() => expect(part.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } }))
    rerender(page('hidden'))
    rerender(page('visible'))
    expect(part.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } })
    expect(api.calls).toHaveLength(1)
  },
)

test.skipIf(!Activity)('two sends, hidden and shown again: both are told', async () => {
  const { request, inProvider, open } = await setUpWithDoor()
  const told: string[] = []
  const part = reader({ ...request, poll: 20_000, onResponse: ({ picture }) => void told.push(picture) }, 'status')
  const Shown = Activity!
  const page = (mode: 'hidden' | 'visible') =>
    inProvider(
      <Shown mode={mode}>
        <part.Reader />
      </Shown>,
    )
  const { rerender } = render(page('visible'))
  act(() => part.hook.send({ data: { n: 1 } }))
  act(() => part.hook.send({ data: { n: 2 } }))
  await waitFor(() => expect(part.hook.status).toBe('running'))
  rerender(page('hidden'))
  open()
  rerender(page('visible'))
  await waitFor(() => expect(told.sort()).toEqual(['otter {"n":1}', 'otter {"n":2}']))
  expect(part.hook.data).toEqual({ picture: 'otter {"n":2}' })
})

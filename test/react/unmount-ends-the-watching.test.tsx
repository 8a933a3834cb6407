import { render, waitFor } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { isPollStopped } from '../../src/exports/index.ts'
import { inRelay, picturePage, setUpWithDoor } from '../helpers/page.tsx'

test('an unmount ends the polling, not the request, and calls nothing', async () => {
  const { api, url: relay, request, open } = await setUpWithDoor()
  const onResponse = vi.fn()
  const { Page, hook } = picturePage({ ...request, poll: 50, onResponse })
  const page = render(inRelay(relay, <Page />))
  const sent = hook().sendAsync({ data: { prompt: 'otter' } })
  await waitFor(() => expect(api.calls).toHaveLength(1))
  page.unmount()
  expect(isPollStopped(await sent)).toBe(true)
  open()
  await waitFor(() => expect(api.calls[0]?.endedAt).toBeDefined())
  expect(onResponse).not.toHaveBeenCalled()
})

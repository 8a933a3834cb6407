import { act, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { describe, expect, test, vi } from 'vitest'
import { useClientSecretRequest } from '../../src/exports/index.ts'
import { json } from '../helpers/api.ts'
import { answered, inRelay, picturePage, setUp, setUpWithDoor, type Picture } from '../helpers/page.tsx'

describe('callbacks', () => {
  test('are called once, those of the last render, with its props', async () => {
    const { url: relay, request, open } = await setUpWithDoor()
    const told: string[] = []
    function Page() {
      const [count, setCount] = useState(0)
      const picture = useClientSecretRequest<Picture>({
        ...request,
        poll: 50,
        onResponse: ({ picture: text }) => told.push(`${text} at ${count}`),
        onError: () => told.push('error'),
      })
      return (
        <>
          <button onClick={() => picture.send({ data: { prompt: 'otter' } })}>Generate</button>
          <button onClick={() => setCount(count + 1)}>Count</button>
          <output>{picture.status}</output>
        </>
      )
    }
    render(inRelay(relay, <Page />))
    await userEvent.click(screen.getByText('Generate'))
    await screen.findByText('running')
    await userEvent.click(screen.getByText('Count'))
    open()
    await screen.findByText('resolved')
    expect(told).toEqual([`${answered} at 1`])
  })

  test('given to send, take the place of the request’s', async () => {
    const { url: relay, request } = await setUp((_call, outgoing) => json(outgoing, {}, 500))
    const [ofRequest, ofSend] = [vi.fn(), vi.fn()]
    const { Page, hook } = picturePage({ ...request, onError: ofRequest })
    render(inRelay(relay, <Page />))
    await act(
      async () =>
        void (await hook()
          .sendAsync({ onError: ofSend })
          .catch(() => {})),
    )
    expect(ofSend).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'UPSTREAM_ERROR' }))
    expect(ofRequest).not.toHaveBeenCalled()
  })
})

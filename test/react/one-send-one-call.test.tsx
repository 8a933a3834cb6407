import { act, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { StrictMode } from 'react'
import { describe, expect, test } from 'vitest'
import { answered, inRelay, picturePage, setUp } from '../helpers/page.tsx'

describe('one send, one call of the API', () => {
  test('under StrictMode and a double click', async () => {
    const { api, url: relay, request } = await setUp()
    const { Page } = picturePage({ ...request, queue: 'pictures', poll: 50 })
    render(<StrictMode>{inRelay(relay, <Page />)}</StrictMode>)
    await userEvent.dblClick(screen.getByRole('button'))
    expect(await screen.findByText(answered)).toBeTruthy()
    expect(api.calls).toHaveLength(1)
  })

  test('two sends are two calls, and the state is that of the second', async () => {
    const { api, url: relay, request } = await setUp()
    const { Page, hook } = picturePage(request)
    render(<StrictMode>{inRelay(relay, <Page />)}</StrictMode>)
    const answers = await act(() =>
      Promise.all([hook().sendAsync({ data: { n: 1 } }), hook().sendAsync({ data: { n: 2 } })]),
    )
    expect(answers).toEqual([{ picture: 'otter {"n":1}' }, { picture: 'otter {"n":2}' }])
    expect(hook().data).toEqual({ picture: 'otter {"n":2}' })
    expect(api.calls).toHaveLength(2)
  })
})

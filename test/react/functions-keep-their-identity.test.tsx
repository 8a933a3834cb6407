import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { answered, inRelay, picturePage, setUp } from '../helpers/page.tsx'

test('the functions keep their identity', async () => {
  const { url: relay, request } = await setUp()
  const { Page, hook } = picturePage(request)
  render(inRelay(relay, <Page />))
  const { send, sendAsync, reset } = hook()
  await userEvent.click(screen.getByRole('button'))
  await screen.findByText(answered)
  expect(hook().send).toBe(send)
  expect(hook().sendAsync).toBe(sendAsync)
  expect(hook().reset).toBe(reset)
})

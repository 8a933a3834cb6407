import { act, render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { useClientSecretRequest, type UseClientSecretRequest } from '../../src/exports/index.ts'
import { answered, inRelay, setUp, type Picture } from '../helpers/page.tsx'

test('a component renders only for the fields it reads', async () => {
  const { url: relay, request } = await setUp()
  let renders = 0
  let hook!: UseClientSecretRequest<Picture>
  function DataOnly() {
    renders += 1
    hook = useClientSecretRequest<Picture>({ ...request, queue: 'pictures', poll: 50 })
    return <output>{hook.data?.picture}</output>
  }
  render(inRelay(relay, <DataOnly />))
  await act(async () => void (await hook.sendAsync({ data: { prompt: 'otter' } })))
  expect(screen.getByText(answered)).toBeTruthy()
  expect(renders).toBe(2)
})

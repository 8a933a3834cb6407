import { act, render, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import {
  ClientSecretProvider,
  createClient,
  useClientSecretHistory,
  type UseClientSecretHistory,
} from '../../src/exports/index.ts'
import { skapiTransport } from '../../src/exports/skapi.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { reader } from '../helpers/page.tsx'
import { startSkapi } from '../helpers/skapi-server.ts'

test('the hooks work over Skapi', async () => {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, { picture: 'otter' })
  })
  const { skapi } = await startSkapi(1, 'sk-plain-enough-for-json')
  const client = createClient({ transport: skapiTransport(skapi) })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1`,
    method: 'POST',
    headers: { authorization: '$CLIENT_SECRET' },
    data: {},
  } as const
  const part = reader({ ...request, queue: 'q', poll: 100 }, 'status', 'inQueue')
  let history!: UseClientSecretHistory
  const Past = () => {
    history = useClientSecretHistory({ url: request.url, method: 'POST', queue: 'q' })
    return <output>{history.records.length}</output>
  }
  render(
    <ClientSecretProvider client={client}>
      <part.Reader />
      <Past />
    </ClientSecretProvider>,
  )
  act(() => part.hook.send())
  await waitFor(() => expect(part.hook).toMatchObject({ status: 'pending', isPolling: true }))
  open()
  await waitFor(() => expect(part.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter' } }))
  await act(() => history.refresh())
  expect(history.records).toMatchObject([{ status: 'resolved' }])
  expect(api.calls).toHaveLength(1)
})

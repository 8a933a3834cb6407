import { act, render, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import {
  useClientSecretQuery,
  useClientSecretRequest,
  type RequestParams,
  type UseClientSecretQuery,
  type UseClientSecretRequest,
} from '../../src/exports/index.ts'
import { setUp } from '../helpers/page.tsx'

const audio = (text: string) => Buffer.from(text, 'latin1')

test('each new Blob is a new render, also of the same size and type', async () => {
  let count = 0
  const { request, inProvider } = await setUp((_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'audio/mpeg' }).end(audio(`\xff\xfb${count++}`))
  })
  const hooks: { query?: UseClientSecretQuery<Blob>; sent?: UseClientSecretRequest<Blob> } = {}
  function Player({ params }: { params: RequestParams }) {
    hooks.query = useClientSecretQuery<Blob>({ ...params, method: 'GET', responseType: 'blob' })
    hooks.sent = useClientSecretRequest<Blob>({ ...params, responseType: 'blob' })
    void hooks.query.data
    void hooks.sent.data
    return null
  }
  render(inProvider(<Player params={request} />))
  await waitFor(() => expect(hooks.query?.data).toBeInstanceOf(Blob))
  const first = hooks.query!.data
  await act(() => hooks.query!.mutate())
  await waitFor(() => expect(hooks.query?.data).not.toBe(first))
  expect(hooks.query?.data).toMatchObject({ size: 3, type: 'audio/mpeg' })

  act(() => hooks.sent!.send())
  await waitFor(() => expect(hooks.sent?.data).toBeInstanceOf(Blob))
  const sent = hooks.sent!.data
  act(() => hooks.sent!.send())
  await waitFor(() => expect(hooks.sent?.status === 'resolved' && hooks.sent.data !== sent).toBe(true))
})

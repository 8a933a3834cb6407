import { act } from '@testing-library/react'
import { expect, test } from 'vitest'
import * as z from 'zod/mini'
import { renderReader, setUp } from '../helpers/page.tsx'
import type { StandardSchema } from '../../src/exports/index.ts'

const Otter = z.object({
  picture: z.pipe(
    z.string(),
    z.transform((text) => text.toUpperCase()),
  ),
})

test('data are what the schema gives', async () => {
  const { request, inProvider } = await setUp()
  const page = renderReader(inProvider, { ...request, schema: Otter }, 'status', 'data')
  expect(await act(() => page.hook.sendAsync())).toEqual({ picture: 'OTTER ' })
  expect(page.hook.data).toEqual({ picture: 'OTTER ' })
})

test('a mismatch is INVALID_RESPONSE with its path, and the answer is kept', async () => {
  const { request, inProvider } = await setUp(
    (_call, outgoing) => void outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{"picture":7}'),
  )
  const page = renderReader(inProvider, { ...request, poll: 100, schema: Otter }, 'status', 'error')
  await act(async () => void (await page.hook.sendAsync().catch(() => {})))
  expect(page.hook).toMatchObject({
    status: 'failed',
    error: {
      code: 'INVALID_RESPONSE',
      path: 'picture',
      data: { picture: 7 },
      message: expect.stringMatching(/^The API's answer does not match the schema at picture: /),
    },
  })
})

test('a schema may take its time', async () => {
  const { request, inProvider } = await setUp()
  const slow: StandardSchema<{ picture: string }> = {
    '~standard': { version: 1, vendor: 'test', validate: async () => ({ value: { picture: 'slow' } }) },
  }
  const page = renderReader(inProvider, { ...request, schema: slow }, 'status')
  expect(await act(() => page.hook.sendAsync())).toEqual({ picture: 'slow' })
})

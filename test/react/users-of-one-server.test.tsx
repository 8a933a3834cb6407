// @vitest-environment node
import { text } from 'node:stream/consumers'
import { PassThrough } from 'node:stream'
import { Suspense } from 'react'
import { renderToPipeableStream } from 'react-dom/server'
import { expect, test } from 'vitest'
import { ClientSecretProvider, useClientSecretRecord, useClientSecretRequest } from '../../src/exports/index.ts'
import { setUp, type Picture } from '../helpers/page.tsx'

test('two users on one server, 100 renders in parallel, never see each other', async () => {
  const { api, url, request } = await setUp()

  /** The page of one visit. It sends while it renders and waits for the answer, as a streaming server may. */
  async function visit(user: string, visitNumber: number): Promise<string> {
    let sent: Promise<unknown> | undefined
    let isAnswered = false
    let recordId: string | undefined
    function Otter() {
      const otter = useClientSecretRequest<Picture>({ ...request, id: 'otter' })
      const record = useClientSecretRecord(recordId ?? null)
      sent ??= otter.sendAsync({ data: { user, visitNumber } }).then(() => (isAnswered = true))
      if (!isAnswered) throw sent
      recordId = otter.record?.id
      return <output>{[user, otter.status, otter.data?.picture, record.status].join()}</output>
    }
    const page = (
      <ClientSecretProvider relay={url}>
        <Suspense fallback="waiting">
          <Otter />
        </Suspense>
      </ClientSecretProvider>
    )
    return text(renderToPipeableStream(page).pipe(new PassThrough()))
  }

  const visits = Array.from({ length: 100 }, (_, index) => ({ user: index % 2 ? 'ann' : 'bob', index }))
  const pages = await Promise.all(visits.map(({ user, index }) => visit(user, index)))
  const foreign = pages.filter((page, index) => page.includes(visits[index]!.user === 'ann' ? 'bob' : 'ann'))
  expect(foreign).toEqual([])
  const numbers = pages.map((page) =>
    [...page.matchAll(/visitNumber(?:&quot;|\\"|"):(\d+)/g)].map(([, number]) => number),
  )
  expect(numbers.flatMap((found, index) => found.filter((number) => number !== String(index)))).toEqual([])
  expect(pages.every((page) => /<output>(ann|bob),/.test(page))).toBe(true)
  expect(numbers.flat()).toHaveLength(100)
  expect(api.calls).toHaveLength(100)
  console.log(`${pages.length} pages, foreign: ${foreign.length}, with their own answer: ${numbers.flat().length}`)
})

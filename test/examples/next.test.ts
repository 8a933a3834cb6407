import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findsWhatIsThere, leaksInto, openExample } from '../helpers/example.ts'

test('Next.js: installed, built and started, the answer comes to the screen', async () => {
  const { folder, api, answer, page } = await openExample('next', 'NEXT_PUBLIC_OPENAI_URL')
  await page.getByRole('button', { name: 'Write' }).click()
  await page.getByText(answer).waitFor()
  expect(api.calls).toMatchObject([{ method: 'POST', path: '/v1/chat/completions', hadKey: true }])

  const browserFiles = join(folder, '.next/static')
  expect(findsWhatIsThere(folder, browserFiles)).toBe(true)
  expect(leaksInto(browserFiles)).toEqual([])
})

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findsWhatIsThere, leaksInto, openExample } from '../helpers/example.ts'

test('Vite and Express: installed, built and started, the answer comes to the screen', async () => {
  const { folder, api, answer, page } = await openExample('vite-express', 'VITE_OPENAI_URL')
  await page.getByRole('button', { name: 'Ask' }).click()
  await page.getByText(answer).waitFor()
  expect(api.calls).toMatchObject([{ method: 'POST', path: '/v1/chat/completions', hadKey: true }])

  const browserFiles = join(folder, 'dist')
  expect(findsWhatIsThere(folder, browserFiles)).toBe(true)
  expect(leaksInto(browserFiles)).toEqual([])
})

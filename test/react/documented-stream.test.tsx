import { render } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComponentType } from 'react'
import { expect, onTestFinished, test } from 'vitest'
import { blocksOf, root } from '../helpers/documentation.ts'
import { chatEvent, setUpStream } from '../helpers/streams.tsx'

test('the chat of the page Streams, as it is printed: it streams, shows an error, and stops', async () => {
  const { api, inProvider, write, answers } = await setUpStream()
  const { Chat } = await printed('chat.tsx', api.url)
  const page = render(inProvider(<Chat />))
  const user = userEvent.setup()
  await user.type(page.getByLabelText('Question'), 'Why?')
  await user.click(page.getByText('Ask'))
  await expect.poll(() => answers.length).toBe(1)
  write(chatEvent('Otters '))
  await page.findByText('Otters')
  write(chatEvent('swim.') + 'data: {"error":{"message":"No more otters."}}\n\n')
  answers[0]!.end()
  expect((await page.findByRole('alert')).textContent).toContain('No more otters.')
  expect(page.getByText('Otters swim.')).toBeTruthy()

  await user.click(page.getByText('Ask'))
  await expect.poll(() => answers.length).toBe(2)
  write(chatEvent('Otters '))
  await page.findByText('Otters')
  const closed = new Promise((resolve) => answers[1]!.once('close', resolve))
  await user.click(page.getByText('Stop'))
  await closed
  expect(page.queryByRole('alert')).toBeNull()
  expect(page.getByText('Otters')).toBeTruthy()
  expect(api.calls.map(({ body }) => JSON.parse(body) as object)).toEqual(
    Array.from({ length: 2 }, () => ({ model: 'gpt-5', stream: true, messages: [{ role: 'user', content: 'Why?' }] })),
  )
})

/** A block of the page as a module. Its API is that of the test. */
async function printed(file: string, api: string): Promise<{ Chat: ComponentType }> {
  const { code } = blocksOf('stories/docs/streams.mdx').find((block) => block.file === file)!
  const folder = await mkdtemp(join(root, 'test/react/printed-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, file)
  const theirs = code
    .replace("'react-client-secret'", "'../../../src/exports/index.ts'")
    .replace('https://api.openai.com', api)
  await writeFile(path, theirs.replace("clientSecretName: 'openai'", "clientSecretName: 'api'"))
  return (await import(/* @vite-ignore */ path)) as { Chat: ComponentType }
}

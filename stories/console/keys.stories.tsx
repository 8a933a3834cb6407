import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState } from 'react'
import { expect, fn, userEvent, within } from 'storybook/test'
import { AuditList } from '../../src/console/audit-list.tsx'
import { KeyDetails } from '../../src/console/key-details.tsx'
import { idOf, KeysTable } from '../../src/console/keys-table.tsx'
import { NoKeys } from '../../src/console/page-states.tsx'
import { Page } from '../../src/console/page.tsx'
import { RecentRequests } from '../../src/console/recent-requests.tsx'
import type { KeyEntry } from '../../src/protocol/keys.ts'
import { audit, fromOptions, manyKeys, openai, overridden, requests } from './example-keys.ts'
import { onThePage } from './page.tsx'

const act = fn()
const add = fn()

function Table({ keys, opened, notice }: { keys: KeyEntry[]; opened?: KeyEntry; notice?: string }) {
  const [open, setOpen] = useState(opened && idOf(opened))
  return (
    <Page onAdd={add} notice={notice === undefined ? undefined : { sentence: notice }} onSignOut={() => {}}>
      <KeysTable keys={keys} open={open} onOpen={setOpen}>
        {(entry) => (
          <KeyDetails entry={entry} onAction={(action) => void act(action, entry.name)}>
            <RecentRequests requests={requests} onRefresh={() => {}} />
          </KeyDetails>
        )}
      </KeysTable>
      <AuditList entries={audit} />
    </Page>
  )
}

export default { title: 'Console/Keys', component: Table, decorators: [onThePage] } satisfies Meta

type Story = StoryObj

export const Empty: Story = {
  render: () => (
    <Page onAdd={add}>
      <NoKeys onAdd={add} />
      <AuditList entries={[]} />
    </Page>
  ),
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    add.mockClear()
    await userEvent.click(canvas.getByRole('button', { name: 'Add a key' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Add the first key' }))
    await expect(add).toHaveBeenCalledTimes(2)
  },
}

export const ManyKeys: Story = {
  render: () => <Table keys={manyKeys} />,
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await expect(canvas.getAllByRole('row')).toHaveLength(manyKeys.length + 1)
    const filter = canvas.getByRole('searchbox', { name: 'Filter by name or address' })
    await userEvent.type(filter, 'GOOGLEAPIS')
    await expect(canvas.getAllByRole('rowheader')).toHaveLength(1)
    await expect(canvas.getByText('1 of 34 keys')).toBeVisible()
    await userEvent.clear(filter)
    await userEvent.type(filter, 'nothing of the kind')
    await expect(canvas.getByText(/^No key matches/)).toBeVisible()
    await userEvent.clear(filter)
  },
}

/** By keyboard: opened, and acted on. */
export const Details: Story = {
  render: () => <Table keys={[openai, fromOptions]} />,
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    const name = canvas.getByRole('button', { name: 'openai' })
    await expect(name).toHaveAttribute('aria-expanded', 'false')
    name.focus()
    await userEvent.keyboard('{Enter}')
    await expect(name).toHaveAttribute('aria-expanded', 'true')
    await expect(canvas.getByText('failed · UPSTREAM_TIMEOUT')).toBeVisible()
    await userEvent.tab()
    await expect(canvas.getByRole('button', { name: 'Try it openai' })).toHaveFocus()
    await userEvent.tab()
    await userEvent.keyboard('{Enter}')
    await expect(act).toHaveBeenLastCalledWith('edit', 'openai')
    for (const action of ['Rotate', 'Unlock', 'Remove'])
      await expect(canvas.getByRole('button', { name: `${action} openai` })).toBeVisible()
  },
}

/** It says where it comes from, and offers no change. */
export const FromTheOptions: Story = {
  render: () => <Table keys={[fromOptions]} opened={fromOptions} />,
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await expect(canvas.getByText(/^It stands in the relay’s options/)).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Try it stripe' })).toBeVisible()
    for (const action of ['Edit', 'Rotate', 'Unlock', 'Lock', 'Remove'])
      await expect(canvas.queryByRole('button', { name: `${action} stripe` })).toBeNull()
  },
}

export const Overridden: Story = {
  render: () => <Table keys={[fromOptions, overridden]} opened={overridden} />,
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await expect(canvas.getByText(/^It is not used, because/)).toBeVisible()
    await expect(canvas.queryByRole('button', { name: 'Try it stripe' })).toBeNull()
    await expect(canvas.getByRole('button', { name: 'Remove stripe' })).toBeVisible()
  },
}

export const AfterAChange: Story = {
  render: () => <Table keys={[openai]} notice="openai is rotated: version 3 is in use." />,
  async play({ canvasElement }) {
    await expect(within(canvasElement).getByRole('status')).toHaveTextContent('openai is rotated')
  },
}

export const RecentRequestsOfAKey: Story = {
  render: () => (
    <main style={{ display: 'grid', gap: 32 }}>
      <h1>What is known of a key’s requests</h1>
      <RecentRequests requests={requests} onRefresh={act} />
      <RecentRequests requests={[]} onRefresh={act} />
      <RecentRequests requests={undefined} onRefresh={act} />
      <RecentRequests requests={undefined} error={{ sentence: 'The relay does not answer.' }} onRefresh={act} />
    </main>
  ),
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await expect(canvas.getByText('failed · 429')).toBeVisible()
    await expect(canvas.getByText('Nobody has used it yet.')).toBeVisible()
    await expect(canvas.getByRole('alert')).toHaveTextContent('The relay does not answer.')
  },
}

export const Changes: Story = {
  render: () => (
    <main>
      <h1>Client secret keys</h1>
      <AuditList entries={audit} />
    </main>
  ),
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await expect(canvas.getAllByRole('listitem')).toHaveLength(8)
    await userEvent.click(canvas.getByRole('button', { name: 'Show all 12' }))
    await expect(canvas.getAllByRole('listitem')).toHaveLength(12)
  },
}

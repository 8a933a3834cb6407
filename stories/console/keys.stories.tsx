import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState } from 'react'
import { expect, fn, userEvent, within } from 'storybook/test'
import { AuditList } from '../../src/console/audit-list.tsx'
import { Activity } from '../../src/console/key-activity.tsx'
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
    <Page isEmpty onAdd={add}>
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
    const cells = within(canvas.getByRole('row', { name: /^maps/ })).getAllByRole('cell')
    await expect(cells.map(({ textContent }) => textContent)).toEqual([
      'Every visitor',
      'GET',
      'https://maps.googleapis.com/maps/api/place/**',
      '••••version 1',
      '1',
      expect.stringContaining('2026'),
    ])
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
    await expect(canvas.getByText(/^The relay’s options define this key/)).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Try it stripe' })).toBeVisible()
    for (const action of ['Edit', 'Rotate', 'Unlock', 'Lock', 'Remove'])
      await expect(canvas.queryByRole('button', { name: `${action} stripe` })).toBeNull()
  },
}

export const Overridden: Story = {
  render: () => <Table keys={[fromOptions, overridden]} opened={overridden} />,
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await expect(canvas.getByText(/^The relay does not use this key, because/)).toBeVisible()
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

export const ActivityOfAKey: Story = {
  render: () => (
    <main style={{ display: 'grid', gap: 32 }}>
      <h1>What a key did</h1>
      <Activity
        activity={{
          hour: { calls: 12, failed: 1, waiting: 3, tokens: 48_210 },
          day: { calls: 10_000, failed: 37, waiting: 3, tokens: 1_204_977 },
          isCut: true,
          since: Date.UTC(2026, 0, 2, 9),
        }}
        refusals={[
          {
            code: 'NOT_ALLOWED',
            rule: { url: 'https://api.openai.com/v1/images/edits', methods: ['POST'] },
            count: 4,
            caller: 'ada',
            at: Date.UTC(2026, 0, 2, 10),
          },
          { code: 'RATE_LIMITED', limit: 'keys.limits.requestsPerMinute', count: 1, caller: 'visitor 5f2c1a', at: 0 },
          { code: 'SIGN_IN_REQUIRED', count: 2, caller: 'visitor 5f2c1a', at: 0 },
        ]}
        onAllow={act}
      />
    </main>
  ),
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await expect(canvas.getByText('over 10,000')).toBeVisible()
    await userEvent.click(canvas.getByRole('button', { name: 'Show the rule that would allow it' }))
    await expect(act).toHaveBeenCalledWith({ url: 'https://api.openai.com/v1/images/edits', methods: ['POST'] })
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
    await expect(canvas.getByText('No requests yet.')).toBeVisible()
    await expect(canvas.getByRole('alert')).toHaveTextContent('The relay does not answer.')
  },
}

export const PubSub: Story = {
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

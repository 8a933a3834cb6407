import { render, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { ClientSecretProvider, createClient, useClientSecretRecord } from '../../src/exports/index.ts'
import { setUpWithDoor } from '../helpers/page.tsx'
import { watchedFetch } from '../helpers/watched-fetch.ts'

test('50 components follow 10 records with one poll in flight', async () => {
  const { client, url, network, request, inProvider, open } = await setUpWithDoor({ authenticate: () => 'ann' })
  const ids: string[] = []
  for (let n = 0; n < 10; n++) ids.push((await client.clientSecretRequest({ ...request, queue: `q${n}` })).id)
  const statuses = new Map<number, string>()
  const component = (index: number) =>
    function Follower() {
      const { status } = useClientSecretRecord(ids[index % 10]!)
      statuses.set(index, status)
      return null
    }
  const components = Array.from({ length: 50 }, (_, index) => component(index))
  render(inProvider(components.map((Follower, index) => <Follower key={index} />)))
  await waitFor(() => expect([...statuses.values()].every((status) => status === 'running')).toBe(true))

  // The same job done by 50 pollers of their own, at the same time.
  const separate = watchedFetch()
  render(
    components.map((Follower, index) => (
      <ClientSecretProvider key={index} client={createClient({ relay: url, fetch: separate.fetch })}>
        <Follower />
      </ClientSecretProvider>
    )),
  )
  await waitFor(() => expect(separate.polls.length).toBeGreaterThanOrEqual(50))
  open()
  await waitFor(() => expect([...statuses.values()].every((status) => status === 'resolved')).toBe(true))
  console.log(
    `50 components following 10 records: ${network.polls.length} polls, at most ${network.maxInFlight} in flight; 50 separate pollers: ${separate.polls.length} polls, at most ${separate.maxInFlight} in flight`,
  )
  expect(network.maxInFlight).toBe(1)
})

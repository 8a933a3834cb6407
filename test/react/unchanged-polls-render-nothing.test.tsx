import { act, render, waitFor } from '@testing-library/react'
import { Profiler } from 'react'
import { expect, test } from 'vitest'
import { reader, setUpWithDoor } from '../helpers/page.tsx'

test('20 unchanged polls of one queued request render nothing: the renders are the states that differ', async () => {
  const { network, request, inProvider, open } = await setUpWithDoor()
  const both = reader({ ...request, queue: 'pictures', poll: 100 }, 'status', 'data')
  const dataOnly = reader({ ...request, queue: 'other', poll: 100 }, 'data')
  const commits = { both: 0, dataOnly: 0 }
  render(
    inProvider([
      <Profiler key="1" id="both" onRender={() => void (commits.both += 1)}>
        <both.Reader />
      </Profiler>,
      <Profiler key="2" id="dataOnly" onRender={() => void (commits.dataOnly += 1)}>
        <dataOnly.Reader />
      </Profiler>,
    ]),
  )
  act(() => {
    both.hook.send()
    dataOnly.hook.send()
  })
  await waitFor(() => expect(both.hook.status).toBe('running'))
  const before = network.polls.length
  await waitFor(() => expect(network.polls.length).toBeGreaterThanOrEqual(before + 20))
  open()
  await waitFor(() => expect(both.hook.status).toBe('resolved'))
  await waitFor(() => expect(dataOnly.hook.data).toBeDefined())

  const distinct = ['idle', 'sending', 'running', 'resolved']
  expect(both.seen.map(([status]) => status)).toEqual(distinct)
  console.log(
    `Profiler: ${network.polls.length} polls; a component that reads status and data rendered ${commits.both} times (${distinct.length} distinct states), one that reads data ${commits.dataOnly} times`,
  )
  expect(commits.both).toBe(distinct.length)
  expect(commits.dataOnly).toBe(2)
})

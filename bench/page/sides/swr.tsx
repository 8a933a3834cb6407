import { useMemo } from 'react'
import useSWR from 'swr'
import useSWRMutation from 'swr/mutation'
import { useCommits, type SideProps } from '../side.ts'
import { answerOf, isSettled, read, submit } from '../wire.ts'

export function Swr({ request, poll, onCommit }: SideProps) {
  const sent = useSWRMutation(['send', request.data.name], () => submit({ request, queue: request.data.name, poll }))
  const id = sent.data?.id
  const polled = useSWR(id === undefined ? null : ['request', id], ([, known]) => read(known), {
    refreshInterval: (record) => (isSettled(record) ? 0 : poll),
    // By default nothing is asked twice within two seconds, polls included.
    dedupingInterval: 0,
    revalidateOnFocus: false,
    revalidateOnReconnect: false,
  })
  const answer = useMemo(() => answerOf(polled.data), [polled.data])
  useCommits(onCommit, answer)
  return (
    <>
      <button
        disabled={sent.isMutating || (id !== undefined && !isSettled(polled.data))}
        onClick={() => void sent.trigger()}
      >
        Send
      </button>
      <output>{answer?.job}</output>
    </>
  )
}

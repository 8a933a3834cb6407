import { useEffect, useMemo, useState } from 'react'
import { useCommits, type SideProps } from '../side.ts'
import { answerOf, isSettled, read, submit, type JobRecord } from '../wire.ts'

/** As skapi-js polls: a timer that asks, whatever became of the call before. */
export function SetInterval({ request, poll, onCommit }: SideProps) {
  const [record, setRecord] = useState<JobRecord>()
  const [isSending, setIsSending] = useState(false)
  const id = record?.id
  const isPolling = id !== undefined && !isSettled(record)

  useEffect(() => {
    if (!isPolling) return
    const timer = setInterval(() => void read(id).then(setRecord), poll)
    return () => clearInterval(timer)
  }, [id, isPolling, poll])

  async function send() {
    setIsSending(true)
    setRecord(await submit({ request, queue: request.data.name, poll }))
    setIsSending(false)
  }

  const answer = useMemo(() => answerOf(record), [record])
  useCommits(onCommit, answer)
  return (
    <>
      <button disabled={isSending || isPolling} onClick={() => void send()}>
        Send
      </button>
      <output>{answer?.job}</output>
    </>
  )
}

import { useState } from 'react'
import { useCommits, type Answer, type SideProps } from '../side.ts'
import { answerOf, submit } from '../wire.ts'

/** The limit: one direct request, whose answer is waited for in the call that sends it. Nothing survives a lost connection. */
export function HeldFetch({ request, onCommit }: SideProps) {
  const [answer, setAnswer] = useState<Answer>()
  const [isSending, setIsSending] = useState(false)

  async function send() {
    setIsSending(true)
    setAnswer(answerOf(await submit({ request })))
    setIsSending(false)
  }

  useCommits(onCommit, answer)
  return (
    <>
      <button disabled={isSending} onClick={() => void send()}>
        Send
      </button>
      <output>{answer?.job}</output>
    </>
  )
}

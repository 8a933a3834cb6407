import type { ReactNode } from 'react'
import { ClientSecretProvider, useClientSecretRequest } from '../../../src/exports/index.ts'
import { useCommits, type Answer, type SideProps } from '../side.ts'

export function OursProvider({ children }: { children: ReactNode }) {
  return <ClientSecretProvider relay="/relay">{children}</ClientSecretProvider>
}

export function Ours({ request, poll, onCommit }: SideProps) {
  const job = useClientSecretRequest<Answer>({ ...request, queue: request.data.name, poll })
  useCommits(onCommit, job.data)
  return (
    <>
      <button disabled={job.isLoading} onClick={() => job.send()}>
        Send
      </button>
      <output>{job.data?.job}</output>
    </>
  )
}

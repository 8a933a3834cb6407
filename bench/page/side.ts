import { useLayoutEffect, type ComponentType } from 'react'

/** What is asked for: an answer of the bench's upstream, which takes its time. */
export interface JobRequest {
  clientSecretName: string
  url: string
  method: 'POST'
  headers: Record<string, string>
  data: Job
}

export interface Job {
  name: string
  /** Milliseconds until the upstream answers; null for an answer when the bench says so. */
  takes: number | null
}

export interface SideProps {
  request: JobRequest
  /** Milliseconds. */
  poll: number
  /** Called in each commit with the job whose answer is on the screen now. */
  onCommit: (shown: string | undefined) => void
}

/** One way to write the same component: a button that sends, and the answer. */
export type Side = ComponentType<SideProps>

/** What the upstream answers. */
export interface Answer {
  job: string
}

/** A layout effect runs when React has changed the document, and before anything else does. */
export function useCommits(onCommit: SideProps['onCommit'], answer: Answer | undefined): void {
  useLayoutEffect(() => onCommit(answer?.job))
}

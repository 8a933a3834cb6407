import { QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query'
import { useMemo, type ReactNode } from 'react'
import { useCommits, type SideProps } from '../side.ts'
import { answerOf, isSettled, read, submit } from '../wire.ts'

const queryClient = new QueryClient()

export function TanStackQueryProvider({ children }: { children: ReactNode }) {
  return <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
}

export function TanStackQuery({ request, poll, onCommit }: SideProps) {
  const sent = useMutation({ mutationFn: () => submit({ request, queue: request.data.name, poll }) })
  const id = sent.data?.id
  const polled = useQuery({
    queryKey: ['request', id],
    queryFn: ({ signal }) => read(id!, signal),
    enabled: id !== undefined,
    refetchInterval: (query) => (isSettled(query.state.data) ? false : poll),
    staleTime: Infinity,
  })
  const answer = useMemo(() => answerOf(polled.data), [polled.data])
  useCommits(onCommit, answer)
  return (
    <>
      <button disabled={sent.isPending || (id !== undefined && !isSettled(polled.data))} onClick={() => sent.mutate()}>
        Send
      </button>
      <output>{answer?.job}</output>
    </>
  )
}

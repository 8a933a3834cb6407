import { useState, type SubmitEvent } from 'react'
import { useClientSecretRequest } from 'react-client-secret'

const api = import.meta.env.VITE_OPENAI_URL ?? 'https://api.openai.com/v1'

interface Completion {
  choices: { message: { content: string } }[]
}

/** Questions to OpenAI, answered one after the other. The browser never sees the key. */
export function Ask() {
  const [question, setQuestion] = useState('Why do otters hold hands?')
  const answer = useClientSecretRequest<Completion>({
    clientSecretName: 'openai',
    url: `${api}/chat/completions`,
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
    queue: 'questions',
    poll: 1000,
  })

  function ask(event: SubmitEvent) {
    event.preventDefault()
    answer.send({ data: { model: 'gpt-5-mini', messages: [{ role: 'user', content: question }] } })
  }

  return (
    <form onSubmit={ask}>
      <label>
        Your question <input value={question} onChange={(event) => setQuestion(event.target.value)} />
      </label>{' '}
      <button disabled={answer.isLoading}>Ask</button>
      <p role="status">
        {answer.status === 'pending' && `Place ${answer.inQueue} in line …`}
        {answer.status === 'running' && 'Thinking …'}
        {answer.status === 'resolved' && answer.data.choices[0]?.message.content}
        {answer.status === 'failed' && answer.error.message}
      </p>
    </form>
  )
}

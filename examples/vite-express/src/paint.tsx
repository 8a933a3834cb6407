import { useState } from 'react'
import { useClientSecretRequest } from 'react-client-secret'

const api: string = import.meta.env.VITE_OPENAI_BASE_URL ?? 'https://api.openai.com/v1'

/** Generates a picture from a prompt. The page never has the key. */
export function Paint() {
  const [prompt, setPrompt] = useState('a sea otter at dusk')
  const picture = useClientSecretRequest<{ data: { b64_json: string }[] }>({
    clientSecretName: 'openai',
    url: `${api}/images/generations`,
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
    queue: 'pictures',
    poll: 1000,
  })

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        picture.send({ data: { model: 'gpt-image-1', prompt } })
      }}
    >
      <label>
        What shall it show? <input value={prompt} onChange={(event) => setPrompt(event.target.value)} />
      </label>
      <button disabled={picture.isLoading}>Paint</button>
      {picture.isLoading && <p>{picture.status}…</p>}
      {picture.status === 'failed' && <p role="alert">That did not work. Please try again.</p>}
      {picture.status === 'resolved' && (
        <p>
          <img src={`data:image/png;base64,${picture.data.data[0]?.b64_json}`} alt="What you asked for" />
        </p>
      )}
    </form>
  )
}

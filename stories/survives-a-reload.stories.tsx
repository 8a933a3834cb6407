import type { Meta, StoryObj } from '@storybook/react-vite'
import { apiUrl } from 'virtual:demo-api'
import { sessionPersister, useClientSecretRequest } from '../src/exports/index.ts'
import { Code, Demo, json, Step, Timeline } from './demo/panels.tsx'

const request = {
  clientSecretName: 'openai',
  url: `${apiUrl}/v1/images/generations`,
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  poll: 1000,
  id: 'reloaded-otter',
  persist: sessionPersister,
} as const

function SurvivesAReload({ prompt }: { prompt: string }) {
  const otter = useClientSecretRequest<{ data: { b64_json: string }[] }>(request)
  return (
    <Demo
      title="Survives a reload"
      lead="Press the button, and reload the page while it runs. The request is found again; it is not sent again."
      aside={
        <>
          <Step who="This page sends">
            <Code>{json(request)}</Code>
          </Step>
          <Step who="It sees">
            <Timeline status={otter.status} />
          </Step>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          otter.send({ data: { model: 'gpt-image-1', prompt: `${prompt}, ${Date.now()}` } })
        }}
      >
        <button disabled={otter.isLoading}>Generate</button>
        <button type="button" disabled={!otter.isLoading} onClick={() => void otter.cancel()}>
          Cancel
        </button>
        <button type="button" onClick={otter.reset}>
          Reset
        </button>
      </form>
      <div className={`picture ${otter.isLoading ? 'busy' : ''}`} aria-live="polite">
        {otter.status === 'resolved' ? (
          <img src={`data:image/png;base64,${otter.data.data[0]?.b64_json}`} alt="an otter" />
        ) : (
          <p>{otter.error?.message ?? otter.status}</p>
        )}
      </div>
    </Demo>
  )
}

const meta = {
  title: 'Survives a reload',
  component: SurvivesAReload,
  args: { prompt: 'an otter that is reloaded' },
} satisfies Meta<typeof SurvivesAReload>

export default meta

export const PressAndReload: StoryObj<typeof meta> = {}

import { useState } from 'react'
import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import type { KeyEntry } from '../protocol/keys.ts'
import type { ClientSecretRecord, UpstreamResponse } from '../protocol/record.ts'
import { methods, type ClientSecretRequest } from '../protocol/request.ts'
import { parseRequest } from '../protocol/parse-request.ts'
import { Dialog } from './dialog.tsx'
import { firstRequest, type TriedRequest } from './examples.ts'
import { failureOf } from './failure.ts'
import { Field, Sentence } from './field.tsx'

/**
 * Sends one request with a key, as a component would, and shows the answer. Long, because most of it is the form's
 * markup.
 */
export function TryIt({
  entry,
  onSend,
  onClose,
}: {
  entry: KeyEntry
  onSend: (request: ClientSecretRequest) => Promise<ClientSecretRecord>
  onClose: () => void
}) {
  const [request, setRequest] = useState(() => firstRequest(entry))
  const [result, setResult] = useState<ClientSecretRecord | ClientSecretError>()
  const [isBusy, setIsBusy] = useState(false)
  const hasBody = takesBody(request.method)
  function set(part: Partial<TriedRequest>) {
    setRequest({ ...request, ...part })
    // The change may correct an error. An answer of the API stays.
    if (result && 'code' in result) setResult(undefined)
  }

  async function send() {
    setIsBusy(true)
    setResult(undefined)
    try {
      setResult(await onSend(read(entry.name, request)))
    } catch (thrown) {
      setResult(asClientSecretError(thrown))
    } finally {
      setIsBusy(false)
    }
  }

  const allowed = methods.filter((method) =>
    entry.allow.some((rule) => rule.methods.some((one) => one.toUpperCase() === method)),
  )
  return (
    <Dialog title={`Try ${entry.name}`} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <div className="body">
          <p className="hint">
            The relay replaces <code>$CLIENT_SECRET</code> with the key, and removes the key from the answer.
          </p>
          <div className="pair method">
            <Field label="Method">
              {(props) => (
                <select {...props} value={request.method} onChange={(event) => set({ method: event.target.value })}>
                  {(allowed.length > 0 ? allowed : methods).map((method) => (
                    <option key={method}>{method}</option>
                  ))}
                </select>
              )}
            </Field>
            <Field label="Address">
              {(props) => (
                <input
                  {...props}
                  className="mono"
                  data-focus
                  inputMode="url"
                  autoCapitalize="off"
                  spellCheck={false}
                  value={request.url}
                  onChange={(event) => set({ url: event.target.value })}
                />
              )}
            </Field>
          </div>
          {request.method !== 'GET' && (
            <p className="warning">
              <span>A {request.method} request can cost money or change data at the API.</span>
            </p>
          )}
          <Field label="Headers" hint="One header per line.">
            {(props) => (
              <textarea
                {...props}
                className="mono"
                rows={2}
                spellCheck={false}
                value={request.headers}
                onChange={(event) => set({ headers: event.target.value })}
              />
            )}
          </Field>
          {hasBody && (
            <Field label="Body" hint="JSON.">
              {(props) => (
                <textarea
                  {...props}
                  className="mono"
                  rows={4}
                  spellCheck={false}
                  value={request.body}
                  onChange={(event) => set({ body: event.target.value })}
                />
              )}
            </Field>
          )}
          <div aria-live="polite">{result && <Result result={result} />}</div>
        </div>
        <div className="actions">
          <button type="button" onClick={onClose}>
            Close
          </button>
          <button className="primary" disabled={isBusy}>
            {isBusy ? 'Waiting for the API …' : 'Send'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** The API's answer, or the reason why there is none. */
function Result({ result }: { result: ClientSecretRecord | ClientSecretError }) {
  const error = 'error' in result ? result.error : 'code' in result ? result : undefined
  const response = 'response' in result ? result.response : undefined
  return (
    <section className="outcome" aria-label="Answer">
      {error && (
        <p className="problem">
          <strong>{error.code}</strong> <Sentence failure={failureOf(error)} />
        </p>
      )}
      {response && (
        <>
          <p>
            The API answered <strong className={response.status < 400 ? 'good' : 'bad'}>{response.status}</strong>
          </p>
          <details>
            <summary>Headers</summary>
            {/* Focusable, so that they can be scrolled with the keyboard. */}
            <pre tabIndex={0} role="region" aria-label="Headers">
              {Object.entries(response.headers)
                .map(([name, value]) => `${name}: ${value}`)
                .join('\n')}
            </pre>
          </details>
          <pre tabIndex={0} role="region" aria-label="Body">
            {bodyOf(response)}
          </pre>
        </>
      )}
    </section>
  )
}

const mostShown = 20_000

function bodyOf({ body, encoding, headers }: UpstreamResponse): string {
  if (encoding === 'base64')
    return `${Math.floor((body.length * 3) / 4)} bytes of ${headers['content-type'] ?? 'something'}`
  if (body === '') return 'The body is empty.'
  const text = /json/.test(headers['content-type'] ?? '') ? indented(body) : body
  return text.length > mostShown ? `${text.slice(0, mostShown)}\n… ${text.length - mostShown} more characters` : text
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    return json
  }
}

const takesBody = (method: string) => method !== 'GET' && method !== 'HEAD'

/** The form as a request. Throws before the send if the form is wrong. */
function read(clientSecretName: string, { method, url, headers, body }: TriedRequest): ClientSecretRequest {
  const hasBody = takesBody(method) && body.trim() !== ''
  const lines = headers.split('\n').filter((line) => line.trim() !== '')
  return parseRequest({
    clientSecretName,
    method,
    url: url.trim(),
    headers: Object.fromEntries(
      lines.map((line) => {
        const [, name, value] = /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []
        if (name !== undefined) return [name, value]
        throw new ClientSecretError(
          'INVALID_PARAMETER',
          `The header "${line}" has no colon. Write it as "Name: value".`,
        )
      }),
    ),
    ...(hasBody && { data: parseBody(body) }),
  })
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new ClientSecretError('INVALID_PARAMETER', `The body is not JSON: ${(cause as Error).message}.`, { cause })
  }
}

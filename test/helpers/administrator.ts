import { onTestFinished, vi } from 'vitest'
import type { KeyChange, KeyEntry } from '../../src/protocol/keys.ts'
import { newMasterKey } from '../../src/relay/keys/encryption.ts'

export const token = 'a-token-of-an-administrator-32-chars'

export interface Answer {
  status: number
  body: { error?: { code: string; message: string; path?: string } } & Record<string, unknown>
}

/** Asks a relay as an administrator does, and keeps all that it answers. */
export function administratorOf(url: string) {
  const answers: string[] = []
  async function ask(method: string, path: string, body?: unknown, headers: object = {}): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await response.text()
    answers.push([...response.headers].flat().join(' '), text)
    return { status: response.status, body: JSON.parse(text) as Answer['body'] }
  }
  return {
    /** All that came out, headers too. */
    answers,
    ask,
    put: (name: string, change: Partial<KeyChange>) => ask('PUT', `/keys/${name}`, { isNew: true, ...change }),
    remove: (name: string) => ask('DELETE', `/keys/${name}`),
    async list() {
      const { body } = await ask('GET', '/keys')
      return body['keys'] as KeyEntry[]
    },
    async entry(name: string) {
      const { body } = await ask('GET', '/keys')
      return (body['keys'] as KeyEntry[]).find((key) => key.name === name)
    },
  }
}

/** For the relays that are started from here on, and until the end of the test. */
export function setMasterKey(masterKey: string | undefined = newMasterKey()): string {
  vi.stubEnv('CLIENT_SECRET_ADMIN_TOKEN', token)
  vi.stubEnv('CLIENT_SECRET_MASTER_KEY', masterKey)
  onTestFinished(() => void vi.unstubAllEnvs())
  return masterKey
}

export function withoutMasterKey(): void {
  vi.stubEnv('CLIENT_SECRET_ADMIN_TOKEN', token)
  vi.stubEnv('CLIENT_SECRET_MASTER_KEY', undefined)
  onTestFinished(() => void vi.unstubAllEnvs())
}

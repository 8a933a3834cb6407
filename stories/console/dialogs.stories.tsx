import type { Meta, StoryObj } from '@storybook/react-vite'
import { Fragment, type ReactNode } from 'react'
import { expect, fn, userEvent, waitFor, within } from 'storybook/test'
import { ConfirmRemoval } from '../../src/console/confirm-removal.tsx'
import { ConfirmUnlock } from '../../src/console/confirm-unlock.tsx'
import { KeyForm } from '../../src/console/key-form.tsx'
import { RotateForm } from '../../src/console/rotate-form.tsx'
import { TryIt } from '../../src/console/try-it.tsx'
import { checkFailureOf } from '../../src/console/use-check.ts'
import { KeyInWords } from '../../src/console/words.tsx'
import { ClientSecretError, type ErrorCode } from '../../src/protocol/errors.ts'
import type { KeyChange, KeyCheck } from '../../src/protocol/keys.ts'
import type { ClientSecretRecord } from '../../src/protocol/record.ts'
import type { ClientSecretRequest } from '../../src/protocol/request.ts'
import { check as checked, maps, openai } from './example-keys.ts'
import { onThePage } from './page.tsx'

export default {
  title: 'Console/Dialogs',
  decorators: [
    (Story) => (
      <main>
        <h1>Client secret keys</h1>
        <Story />
      </main>
    ),
    onThePage,
  ],
} satisfies Meta

type Story = StoryObj

const value = 'sk-a-value-that-must-not-stay-0123456789'
const close = fn()
const save = fn(async (_name: string, _change: KeyChange) => {})
const check = fn(async (key: KeyCheck) => ({ words: checked(key) }))
const refuse = (code: ErrorCode, message: string, path?: string) => () =>
  Promise.reject(new ClientSecretError(code, message, { path }))

/** The dialog, once it has faded in. */
async function opened(canvasElement: HTMLElement, name?: string) {
  const dialog = within(canvasElement).getByRole('dialog', name === undefined ? {} : { name })
  await waitFor(() => expect(dialog).toBeVisible())
  return within(dialog)
}

export const AddAKey: Story = {
  render: () => <KeyForm check={check} onSave={save} onClose={close} />,
}

/** What is missing is told field by field, and the first of them has the focus. */
export const FormWithErrors: Story = {
  render: () => <KeyForm check={check} onSave={save} onClose={close} />,
  async play({ canvasElement }) {
    save.mockClear()
    const form = await opened(canvasElement, 'Add a key')
    await expect(form.getByLabelText('Name')).toHaveFocus()
    await userEvent.click(form.getByRole('button', { name: 'Save' }))
    await expect(form.getByLabelText('Name')).toHaveFocus()
    for (const label of ['Name', 'Client Secret Key', 'Address']) {
      await expect(form.getByLabelText(label)).toBeInvalid()
      await expect(form.getByLabelText(label)).toHaveAccessibleDescription(/^(Enter|Paste)/)
    }
    await expect(form.getByText('Choose at least one method.')).toBeVisible()
    // An address that is an example is no link.
    await expect(form.getByLabelText('Address')).toHaveAccessibleDescription(/such as https:\/\/api\.example\.com/)
    await expect(form.queryByRole('link')).toBeNull()
    await expect(save).not.toHaveBeenCalled()
  },
}

/** An error goes when its field is right, and not before. */
export const ErrorsThatGo: Story = {
  render: () => <KeyForm check={check} onSave={save} onClose={close} />,
  async play({ canvasElement }) {
    const form = await opened(canvasElement)
    const limit = form.getByLabelText('Requests per minute')
    await userEvent.type(limit, 'many')
    await userEvent.click(form.getByRole('button', { name: 'Add a rule' }))
    await userEvent.click(form.getByRole('button', { name: 'Save' }))
    await expect(form.getAllByText(/^Enter the address/)).toHaveLength(2)
    await expect(form.getByRole('region', { name: 'What this key allows' })).toHaveTextContent('Correct the marked')

    await userEvent.type(form.getByLabelText('Name'), 'shop')
    await expect(form.getByLabelText('Name')).toBeValid()
    // The focus stays where the typing is.
    await expect(form.getByLabelText('Name')).toHaveFocus()
    await userEvent.type(form.getByLabelText('Client Secret Key'), value)
    await expect(form.getByLabelText('Client Secret Key')).toBeValid()
    await userEvent.type(limit, '60')
    await expect(limit).toBeInvalid()
    await userEvent.clear(limit)
    await userEvent.type(limit, '60')
    await expect(limit).toBeValid()

    // The errors of a rule go with it; those of the next one stay with it.
    const [first, second] = form.getAllByLabelText('Address')
    await userEvent.type(first!, 'https://api.example.com/v1/items')
    await expect(first).toBeValid()
    await expect(second).toBeInvalid()
    await userEvent.click(form.getByRole('button', { name: 'Remove rule 1' }))
    await expect(form.getByLabelText('Address')).toBeInvalid()
    await expect(form.getByText('Choose at least one method.')).toBeVisible()
    await userEvent.click(form.getByLabelText('POST'))
    await expect(form.queryByText('Choose at least one method.')).toBeNull()
    await userEvent.type(form.getByLabelText('Address'), 'https://api.example.com/v1/items')
    await expect(form.getByLabelText('Address')).toBeValid()
    await expect(await form.findByText(/^By POST to/)).toBeVisible()
  },
}

/** The relay's error stands at its field and names the checkbox that helps, which is in sight. */
export const FormWithAnErrorOfTheRelay: Story = {
  render: () => <KeyForm check={check} onSave={save} onClose={close} />,
  async play({ canvasElement }) {
    const form = await opened(canvasElement)
    await userEvent.type(form.getByLabelText('Name'), 'openai')
    await userEvent.type(form.getByLabelText('Client Secret Key'), value)
    await userEvent.type(form.getByLabelText('Address'), 'http://api.example.com/**')
    await userEvent.click(form.getByLabelText('POST'))
    const preview = form.getByRole('region', { name: 'What this key allows' })
    await waitFor(() => expect(preview).toHaveTextContent('tick “Allow HTTP and private addresses”'))
    await expect(preview).not.toHaveTextContent('allowPrivateNetwork')
    const checkbox = form.getByRole('checkbox', { name: /^Allow HTTP and private addresses/ })
    await waitFor(() => expect(checkbox).toBeVisible())

    await userEvent.click(form.getByRole('button', { name: 'Save' }))
    const address = form.getByLabelText('Address')
    await waitFor(() => expect(address).toHaveFocus())
    await expect(address).toHaveAccessibleDescription(/unencrypted.*tick “Allow HTTP/)
    // What was typed is still there.
    await expect(form.getByLabelText('Client Secret Key')).toHaveValue(value)
    await userEvent.click(checkbox)
    await expect(address).toBeValid()
  },
}

const drafts: Record<string, Partial<KeyCheck>> = {
  'an unencrypted address': { allow: [{ url: 'http://api.example.com/**', methods: ['GET'] }] },
  'a query in the address': { allow: [{ url: 'https://api.example.com/?key=1', methods: ['GET'] }] },
  'a place that is none': {
    allow: [{ url: 'https://api.example.com/', methods: ['GET'], in: ['headers.not a name'] }],
  },
  'a limit that is none': { limits: { requestsPerMinute: 1.5 } },
  'no limit': { locked: false },
}

/** What the relay says of a draft names the form's fields, and none of the relay's options. */
export const TheWordsOfTheForm: Story = {
  render: () => (
    <dl className="words">
      {Object.entries(drafts).map(([what, draft]) => (
        <Fragment key={what}>
          <dt>{what}</dt>
          <dd>{saidOf(draft)}</dd>
        </Fragment>
      ))}
    </dl>
  ),
  async play({ canvasElement }) {
    await expect(canvasElement).toHaveTextContent('tick “Allow HTTP and private addresses”')
    await expect(canvasElement).toHaveTextContent('the place "header not a name" in “Where the key goes”')
    await expect(canvasElement).toHaveTextContent('(“Requests per minute”)')
    await expect(canvasElement).not.toHaveTextContent(
      /allowPrivateNetwork|retryable|limits\.|"in"|headers\.|params\.|data#|url\.path/,
    )
  },
}

function saidOf(draft: Partial<KeyCheck>): ReactNode {
  const allow = [{ url: 'https://api.example.com/v1/items', methods: ['GET'] }]
  try {
    return <KeyInWords words={checked({ locked: true, allow, limits: {}, ...draft })} />
  } catch (thrown) {
    return checkFailureOf(thrown).failure.sentence
  }
}

/** The relay's words are on the screen before anything is saved; afterwards the value is gone. */
export const WordsBeforeSaving: Story = {
  render: () => <KeyForm check={check} onSave={save} onClose={close} />,
  async play({ canvasElement }) {
    save.mockClear()
    check.mockClear()
    const form = await opened(canvasElement)
    await userEvent.click(form.getByRole('button', { name: 'Google Maps' }))
    await expect(form.getByLabelText('Name')).toHaveValue('maps')
    await userEvent.click(form.getByRole('checkbox', { name: /^Locked/ }))
    const secret = form.getByLabelText<HTMLInputElement>('Client Secret Key')
    await userEvent.type(secret, value)
    await expect(secret.type).toBe('password')
    await userEvent.click(form.getByRole('button', { name: 'Show Client Secret Key' }))
    await expect(secret.type).toBe('text')
    await userEvent.click(form.getByRole('button', { name: 'Show Client Secret Key' }))

    // At once, before the typing has rested: the first press shows the words, the second saves.
    await userEvent.click(form.getByRole('button', { name: 'Save' }))
    const [sentence] = await form.findAllByText(/^By GET to https:\/\/maps\.googleapis\.com/)
    await expect(sentence).toBeVisible()
    if (save.mock.calls.length === 0) await userEvent.click(form.getByRole('button', { name: 'Save' }))
    await waitFor(() => expect(save).toHaveBeenCalledOnce())
    const [name, change] = save.mock.calls[0]!
    await expect(name).toBe('maps')
    await expect(change).toMatchObject({
      secret: value,
      locked: false,
      isNew: true,
      allow: [{ url: 'https://maps.googleapis.com/maps/api/geocode/json', methods: ['GET'], in: ['params.key'] }, {}],
    })
    await waitFor(() => expect(secret).toHaveValue(''))
    await expect(document.documentElement.outerHTML).not.toContain(value)
    // It was asked what the key means without being told the value.
    await expect(JSON.stringify(check.mock.calls)).not.toContain(value)
  },
}

export const EditAKey: Story = {
  render: () => <KeyForm entry={openai} check={check} onSave={save} onClose={close} />,
  async play({ canvasElement }) {
    save.mockClear()
    const form = await opened(canvasElement, 'Edit openai')
    await expect(form.queryByLabelText('Client Secret Key')).toBeNull()
    await expect(await form.findByText(/^By POST to/)).toBeVisible()
    await userEvent.click(form.getByRole('button', { name: 'Remove rule 2' }))
    await userEvent.type(form.getByLabelText('Requests per minute'), '60')
    await waitFor(async () => {
      await userEvent.click(form.getByRole('button', { name: 'Save' }))
      await expect(save).toHaveBeenCalled()
    })
    await expect(save).toHaveBeenLastCalledWith('openai', {
      locked: true,
      allow: [openai.allow[0]],
      limits: { requestsPerMinute: 60 },
      isNew: false,
    })
  },
}

/** To let a value go further needs somebody who knows it. */
export const EditToGoFurther: Story = {
  render: () => (
    <KeyForm
      entry={openai}
      check={async (key) => ({ words: checked(key), valueNeeded: 'Rule 1 lets the value go by PUT. Give it again.' })}
      onSave={save}
      onClose={close}
    />
  ),
  async play({ canvasElement }) {
    save.mockClear()
    const form = await opened(canvasElement, 'Edit openai')
    const secret = await form.findByLabelText('Client Secret Key')
    await expect(secret).toHaveAccessibleDescription(/Give it again/)
    await userEvent.click(form.getByRole('button', { name: 'Save' }))
    await waitFor(() => expect(secret).toHaveFocus())
    await expect(secret).toBeInvalid()
    await userEvent.type(secret, value)
    await userEvent.click(form.getByRole('button', { name: 'Save' }))
    await waitFor(() => expect(save).toHaveBeenLastCalledWith('openai', expect.objectContaining({ secret: value })))
    await expect(secret).toHaveValue('')
  },
}

/** A rule with every option that a rule has. */
export const EditAWideRule: Story = {
  render: () => (
    <KeyForm
      entry={{
        ...maps,
        allow: [
          {
            url: 'http://127.0.0.1:9000/v1/**',
            methods: ['POST'],
            in: ['headers.x-api-key', 'data#/auth/key'],
            allowPrivateNetwork: true,
            retryable: true,
          },
        ],
      }}
      check={check}
      onSave={save}
      onClose={close}
    />
  ),
  async play({ canvasElement }) {
    const form = await opened(canvasElement)
    await expect(form.getByLabelText(/^Header name/)).toHaveValue('x-api-key')
    await expect(form.getByLabelText(/^Field path, such as/)).toHaveValue('auth/key')
    await expect(form.getByLabelText(/^Allow HTTP/)).toBeChecked()
  },
}

const rotate = fn(async (_secret: string | Record<string, string>) => {})

export const Rotate: Story = {
  render: () => <RotateForm entry={openai} onSave={rotate} onClose={close} />,
  async play({ canvasElement }) {
    const dialog = await opened(canvasElement, 'Rotate openai')
    const input = dialog.getByLabelText('New value')
    await expect(input).toHaveFocus()
    await userEvent.keyboard('{Enter}')
    await expect(input).toBeInvalid()
    await userEvent.type(input, value)
    await expect(input).toBeValid()
    await userEvent.keyboard('{Enter}')
    await expect(rotate).toHaveBeenLastCalledWith(value)
    await waitFor(() => expect(input).toHaveValue(''))
  },
}

const remove = fn(async () => {})

/** It says what stops working, and the harmless answer has the focus. */
export const ConfirmTheRemoval: Story = {
  render: () => <ConfirmRemoval entry={openai} onRemove={remove} onClose={close} />,
  async play({ canvasElement }) {
    close.mockClear()
    const dialog = await opened(canvasElement, 'Remove openai?')
    await expect(dialog.getByText(/stops working at once/)).toBeVisible()
    await expect(dialog.getByText(/1,284/)).toBeVisible()
    await expect(dialog.getByRole('button', { name: 'Keep it' })).toHaveFocus()
    await userEvent.keyboard('{Enter}')
    await expect(close).toHaveBeenCalledOnce()
    await userEvent.click(dialog.getByRole('button', { name: 'Remove' }))
    await expect(remove).toHaveBeenCalled()
  },
}

/** The link comes from the error's `help`, whatever addresses its message has. */
export const RemovalThatFailsWithHelp: Story = {
  render: () => (
    <ConfirmRemoval
      entry={openai}
      onRemove={() => {
        const error = new ClientSecretError('UNAVAILABLE', 'The relay is stopping.')
        return Promise.reject(
          Object.defineProperties(error, {
            message: { value: 'The relay is stopping. Its address is https://relay.example.com/' },
            help: { value: 'https://errors.example.com/unavailable' },
          }),
        )
      }}
      onClose={close}
    />
  ),
  async play({ canvasElement }) {
    const dialog = await opened(canvasElement)
    await userEvent.click(dialog.getByRole('button', { name: 'Remove' }))
    await expect(await dialog.findByRole('alert')).toHaveTextContent(
      'The relay is stopping. Its address is https://relay.example.com/ What to do',
    )
    await expect(dialog.getByRole('link')).toHaveAttribute('href', 'https://errors.example.com/unavailable')
  },
}

export const RemovalThatFails: Story = {
  render: () => (
    <ConfirmRemoval
      entry={openai}
      onRemove={refuse('UNAVAILABLE', 'The relay is stopping. Try again.')}
      onClose={close}
    />
  ),
  async play({ canvasElement }) {
    const dialog = await opened(canvasElement)
    await userEvent.click(dialog.getByRole('button', { name: 'Remove' }))
    await expect(await dialog.findByRole('alert')).toHaveTextContent('The relay is stopping.')
  },
}

const unlock = fn(async () => {})

export const ConfirmTheUnlocking: Story = {
  render: () => (
    <ConfirmUnlock entry={{ ...maps, locked: true }} check={async () => maps.words} onUnlock={unlock} onClose={close} />
  ),
  async play({ canvasElement }) {
    const dialog = await opened(canvasElement, 'Unlock maps?')
    await expect(await dialog.findByText('Every visitor, signed in or not.')).toBeVisible()
    await userEvent.click(dialog.getByRole('button', { name: 'Unlock' }))
    await expect(unlock).toHaveBeenCalled()
  },
}

const record: ClientSecretRecord = {
  id: 'a',
  status: 'resolved',
  version: '1',
  createdAt: 0,
  updatedAt: 0,
  expiresAt: 0,
  response: {
    status: 200,
    headers: { 'content-type': 'application/json', 'x-request-id': 'req_0123456789' },
    body: '{"object":"list","data":[{"id":"gpt-image-1"}]}',
  },
}
const send = fn(async (_request: ClientSecretRequest) => record)

export const TryAKey: Story = {
  render: () => <TryIt entry={openai} onSend={send} onClose={close} />,
  async play({ canvasElement }) {
    const dialog = await opened(canvasElement, 'Try openai')
    await userEvent.click(dialog.getByRole('button', { name: 'Send' }))
    await expect(send).toHaveBeenLastCalledWith({
      clientSecretName: 'openai',
      method: 'GET',
      url: 'https://api.openai.com/v1/models',
      headers: { Authorization: 'Bearer $CLIENT_SECRET' },
    })
    await expect(await dialog.findByText('200')).toBeVisible()
    await expect(dialog.getByRole('region', { name: 'Body' })).toHaveTextContent('gpt-image-1')
    await userEvent.click(dialog.getAllByText('Headers').at(-1)!)
    await expect(dialog.getByRole('region', { name: 'Headers' })).toHaveTextContent('x-request-id: req_0123456789')
  },
}

export const TryAKeyThatTheApiRefuses: Story = {
  render: () => (
    <TryIt
      entry={openai}
      onSend={async () => ({
        ...record,
        status: 'failed',
        error: { code: 'UPSTREAM_ERROR', message: 'The API answered 401.', status: 401 },
        response: { ...record.response!, status: 401, body: '{"error":"invalid key $CLIENT_SECRET"}' },
      })}
      onClose={close}
    />
  ),
  async play({ canvasElement }) {
    const dialog = await opened(canvasElement)
    await userEvent.click(dialog.getByRole('button', { name: 'Send' }))
    await expect(await dialog.findByText('UPSTREAM_ERROR')).toBeVisible()
    await expect(dialog.getByText('401')).toBeVisible()
  },
}

/** One that is wrong before it is sent; what it means is a link away. */
export const TryWithoutThePlaceholder: Story = {
  render: () => <TryIt entry={openai} onSend={send} onClose={close} />,
  async play({ canvasElement }) {
    const dialog = await opened(canvasElement)
    const headers = dialog.getByLabelText('Headers', { selector: 'textarea' })
    await userEvent.clear(headers)
    await userEvent.click(dialog.getByRole('button', { name: 'Send' }))
    await expect(await dialog.findByText('PLACEHOLDER_MISSING')).toBeVisible()
    await expect(dialog.getByRole('link', { name: 'What to do' })).toHaveAttribute(
      'href',
      expect.stringMatching(/#placeholder_missing$/),
    )
    await userEvent.type(headers, 'Authorization: Bearer $CLIENT_SECRET')
    await expect(dialog.queryByText('PLACEHOLDER_MISSING')).toBeNull()
  },
}

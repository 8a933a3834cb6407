import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, fn, userEvent, within } from 'storybook/test'
import { Loading, NoPermission, RelayAway } from '../../src/console/page-states.tsx'
import { SignIn } from '../../src/console/sign-in.tsx'
import { ClientSecretError } from '../../src/protocol/errors.ts'
import { onThePage } from './page.tsx'

export default { title: 'Console/Signing in', decorators: [onThePage] } satisfies Meta

type Story = StoryObj

const signIn = fn(async (_token: string) => {})
const retry = fn()

export const WithTheToken: Story = {
  render: () => <SignIn onSignIn={signIn} />,
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    const token = canvas.getByLabelText('Administrator token')
    await expect(token).toHaveFocus()
    await userEvent.keyboard('{Enter}')
    await expect(token).toBeInvalid()
    await userEvent.type(token, 'a')
    await expect(token).toBeValid()
    await userEvent.clear(token)
    await userEvent.type(token, 'a-token-of-the-administrator{Enter}')
    await expect(signIn).toHaveBeenLastCalledWith('a-token-of-the-administrator')
  },
}

export const WithAWrongToken: Story = {
  render: () => (
    <SignIn
      onSignIn={() => Promise.reject(new ClientSecretError('SIGN_IN_REQUIRED', 'Only an administrator may read this.'))}
    />
  ),
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    const token = canvas.getByLabelText('Administrator token')
    await userEvent.type(token, 'wrong{Enter}')
    await expect(await canvas.findByText(/^The relay does not know this token/)).toBeVisible()
    await expect(token).toHaveAccessibleDescription(/does not know this token/)
    await expect(token).toHaveFocus()
  },
}

export const WithoutPermission: Story = {
  render: () => (
    <NoPermission
      failure={{ sentence: 'This relay has no administrator, so this page cannot show its keys.' }}
      onSignIn={retry}
    />
  ),
  async play({ canvasElement }) {
    await expect(within(canvasElement).getByRole('alert')).toHaveTextContent('no administrator')
  },
}

export const RelayIsAway: Story = {
  render: () => (
    <RelayAway
      failure={{
        sentence:
          'The relay does not answer. Check that its process runs and that your own network is up, then try again.',
      }}
      onRetry={retry}
    />
  ),
  async play({ canvasElement }) {
    retry.mockClear()
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Try again' }))
    await expect(retry).toHaveBeenCalledOnce()
  },
}

export const BeforeTheRelayAnswers: Story = { render: () => <Loading /> }

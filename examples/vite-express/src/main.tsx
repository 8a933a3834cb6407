import { createRoot } from 'react-dom/client'
import { ClientSecretProvider } from 'react-client-secret'
import { Paint } from './paint'

createRoot(document.getElementById('root')!).render(
  <ClientSecretProvider relay="/relay">
    <Paint />
  </ClientSecretProvider>,
)

import { createRoot } from 'react-dom/client'
import { ClientSecretProvider } from 'react-client-secret'
import { Ask } from './ask.tsx'

createRoot(document.getElementById('root')!).render(
  <ClientSecretProvider relay="/relay">
    <Ask />
  </ClientSecretProvider>,
)

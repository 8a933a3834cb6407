import { ClientSecretProvider } from 'react-client-secret'

export const metadata = { title: 'Paint' }

export default function Layout({ children }: { children: React.ReactNode }) {
  return (
    <html lang="en">
      <body>
        <ClientSecretProvider relay="/relay">{children}</ClientSecretProvider>
      </body>
    </html>
  )
}

import type { ReactNode } from 'react'

export const metadata = { title: 'A haiku' }

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body style={{ maxWidth: '32rem', margin: '4rem auto', padding: '0 1rem', font: '1.125rem/1.5 system-ui' }}>
        {children}
      </body>
    </html>
  )
}

import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'

// This page is at <relay>/console, so its path gives the address of the relay.
const base = location.pathname.replace(/\/console\/*$/, '')
createRoot(document.getElementById('console')!).render(<App base={base} />)

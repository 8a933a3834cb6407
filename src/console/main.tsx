import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'

// The relay is whatever this page is served below, wherever that is mounted.
const base = location.pathname.replace(/\/console\/*$/, '')
createRoot(document.getElementById('console')!).render(<App base={base} />)

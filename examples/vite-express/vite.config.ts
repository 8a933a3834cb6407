import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  // In development, Vite serves the page, and `npm start` runs the relay.
  server: { proxy: { '/relay': 'http://localhost:3000' } },
})

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  // While you develop, Vite serves the page and `npm start` the relay.
  server: { proxy: { '/relay': 'http://localhost:3000' } },
})

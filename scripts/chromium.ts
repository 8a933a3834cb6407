import { accessSync, constants } from 'node:fs'

const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** The Chromium for the browser suites: CHROMIUM_PATH, or a usual path. Undefined without one. */
export function findChromium(): string | undefined {
  return [process.env['CHROMIUM_PATH'], ...usual].find((path) => path !== undefined && isExecutable(path))
}

/** Without these, a headless Chromium makes network calls at its start, or needs a sandbox that root cannot use. */
export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

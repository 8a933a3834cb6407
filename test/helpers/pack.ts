import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the packed package. */
    tarball: string
  }
}

/** Packs what `npm run build` made, once for all files of a project: `inject('tarball')` gives the path. */
export default function pack({ provide }: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), 'react-client-secret-'))
  const name = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: resolve(import.meta.dirname, '../..'),
    encoding: 'utf8',
  }).trim()
  provide('tarball', join(folder, name))
  return () => rmSync(folder, { recursive: true })
}

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Change } from './changes.ts'
import { checkTarget } from './check-target.ts'

/** Writes a new file only if there is still none. */
export async function writeChange(folder: string, { path, before, after }: Change): Promise<void> {
  const file = join(folder, path)
  checkTarget(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, after, { flag: before === null ? 'wx' : 'w' })
}

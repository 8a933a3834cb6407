import { existsSync, lstatSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'

/**
 * Refuses a file that is a symlink, or whose folder leads out of the project.
 *
 * @throws Error before init reads or writes it.
 */
export function checkTarget(folder: string, path: string): void {
  if (isSymlink(join(folder, path)))
    throw new Error(`${path} is a symlink, which init does not follow. Replace it with a file, and run init again.`)
  const root = realpathSync(folder)
  for (let above = dirname(path); above !== '.'; above = dirname(above)) {
    const entry = join(folder, above)
    if (!lstatSync(entry, { throwIfNoEntry: false })) continue
    if (existsSync(entry) && isInside(root, realpathSync(entry))) return
    throw new Error(
      `${above} leads out of the project in ${folder}, so init writes nothing to ${path}. Replace the symlink with a folder, and run init again.`,
    )
  }
}

function isSymlink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

function isInside(root: string, real: string): boolean {
  const way = relative(root, real)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** The version of this package. */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

let known: string | null = null

/** As its `package.json` says, read once; `''` where that cannot be found. */
export function packageVersion(): string {
  known ??= read()
  return known
}

function read(): string {
  const file = findPackageJSON('..', import.meta.url)
  return file === undefined ? '' : String((JSON.parse(readFileSync(file, 'utf8')) as { version: unknown }).version)
}

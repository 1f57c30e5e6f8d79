/** Configuration files of peers, with what is known only when they are started filled in. */
import { readFileSync } from 'node:fs'

/** The text of a file beside this one; every `@NAME@` in it must have a value. */
export function filled(file: string, values: Readonly<Record<string, string | number>>): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8').replace(/@([A-Z]+)@/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`${file} wants @${name}@, which nobody gave it`)
    return String(value)
  })
}

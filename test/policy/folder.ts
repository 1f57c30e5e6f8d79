/** A folder with a user's policy files, gone with the test. */
import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export class Folder {
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), 'clearcoat-policy-')))

  constructor(files: Readonly<Record<string, string>>) {
    onTestFinished(() => rmSync(this.path, { recursive: true, force: true }))
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  of(name: string): string {
    return join(this.path, name)
  }

  write(name: string, text: string): void {
    writeFileSync(this.of(name), text)
  }

  /** As many editors save: a new file takes the place of the old one. */
  replace(name: string, text: string): void {
    writeFileSync(this.of(`${name}~`), text)
    renameSync(this.of(`${name}~`), this.of(name))
  }
}

/** A policy that shows a word in the field `X-Policy` of every answer. */
export function showing(word: string, more: string = ''): string {
  return `import { definePolicy } from 'clearcoat/vcl-ts'
export default definePolicy({
  deliver({ resp }) { resp.headers.set('X-Policy', '${word}') },
  ${more}
})
`
}

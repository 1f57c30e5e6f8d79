/** Where a policy's code is in what its author wrote. */
import { fileURLToPath } from 'node:url'
import type { Place } from './load-error.ts'

export interface PolicySources {
  /** The same error; positions in its stack are those of the user's sources. Anything else comes back as it is. */
  readonly located: (error: unknown) => unknown
  /** Where the first frame of the policy's code is that the error's stack holds, or `null`. Not after `located`. */
  readonly placeOf: (error: unknown) => Place | null
}

/** What this package's own files begin with; a frame in them is not the policy's. */
const OURS: readonly string[] = ['../../src/', '../../vcl-ts/'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)))
const FRAME = /^ *at (?:.*? \()?((?:file:\/\/)?\/.*):(\d+):(\d+)\)?$/

/** Of a policy that came as an object: its stacks tell the places of its author's files already. */
export const PLAIN_SOURCES: PolicySources = {
  located: (error) => error,
  placeOf: (error) => {
    if (!(error instanceof Error)) return null
    for (const line of (error.stack ?? '').split('\n')) {
      const [, path = '', row = '', column = ''] = FRAME.exec(line) ?? []
      const file = path.startsWith('file:') ? fileURLToPath(path) : path
      if (file !== '' && !OURS.some((folder) => file.startsWith(folder))) return { file, line: Number(row), column: Number(column) }
    }
    return null
  },
}

/** Looks up one slice. It has one variant, and is what its manifest says for as long as it is stored: the manifest alone ages. */
import type { Freshness } from './lifetime.ts'
import type { Lookup } from './table.ts'

export class SliceLookup implements Lookup {
  readonly key: string
  readonly credentialed: boolean
  now: number
  attempt = 0
  readonly range: null = null
  readonly alwaysMiss: boolean = false
  readonly ignoreBusy: boolean = false
  readonly ignoreVary: boolean = false
  readonly solitary: boolean = false
  readonly demanding: boolean = false
  readonly completesParts: boolean = false

  constructor(key: string, credentialed: boolean, now: number) {
    this.key = key
    this.credentialed = credentialed
    this.now = now
  }

  variant(_names: readonly string[]): string {
    return ''
  }

  alsoMatches(): boolean {
    return false
  }

  judge(): Freshness {
    return 'fresh'
  }

  covers(): boolean {
    return false
  }
}

/** A table whose purges take turns when told to. */
import { expect } from 'vitest'
import { keyOf } from '../../src/object/key-text.ts'
import type { CachedObject } from '../../src/object/object.ts'
import type { SubjectPurge } from '../../src/object/subject.ts'
import type { Found } from '../../src/object/table.ts'
import { type Ask, ask, ManualPace, type ObjectOptions, object, type Rig, rig, variantOf } from './things.ts'

/** Objects that no slice is enough for. */
export const COUNT = 1000

const PLAIN: readonly string[] = []

export class Sliced {
  readonly pace: ManualPace = new ManualPace(4)
  readonly rig: Rig

  constructor(options: { budget?: number } = {}) {
    this.rig = rig({ budget: 1024 ** 3, ...options, pace: this.pace })
  }

  get table(): Rig['table'] {
    return this.rig.table
  }

  keep(options: ObjectOptions & { names?: readonly string[]; fields?: Record<string, string> } = {}): CachedObject {
    const { names = PLAIN, fields = {}, ...init } = options
    const made = object({ position: this.table.position, ...init })
    this.table.publish(null, made, names, variantOf(names, fields), true)
    expect(this.table.complete(made)).toBe(true)
    return made
  }

  find(key: string, asks: Ask = {}): Found {
    return this.table.find(ask({ key, now: this.rig.clock.now(), ...asks }))
  }

  hit(key: string, asks: Ask = {}): CachedObject | null {
    const found = this.find(key, asks)
    if (found.type === 'fetch' && found.claim !== null) this.table.release(found.claim, { type: 'again' })
    return found.type === 'object' ? found.object : null
  }

  /** Begins a purge that cannot end within its first slice. */
  begin(subject: SubjectPurge, soft: boolean = false, gone?: (object: CachedObject) => void): { objects: number | null } {
    const state: { objects: number | null } = { objects: null }
    const result = this.table.purgeSubject(subject, soft, gone)
    expect(result).toBeInstanceOf(Promise)
    void Promise.resolve(result).then(({ objects }) => {
      state.objects = objects
    })
    return state
  }

  async finish(): Promise<void> {
    while (this.pace.take());
    await Promise.resolve()
    await Promise.resolve()
  }
}

export const place = (i: number, host: string = 'a'): string => keyOf({ url: `/shop/${i}`, host })

export const SUBJECTS: readonly SubjectPurge[] = [
  { by: 'tags', tags: ['t', 'u'] },
  { by: 'host', host: 'a' },
  { by: 'prefix', prefix: '/shop/', host: 'a' },
  { by: 'all' },
]

/** Two workers over one shared table, seen through what each of them finds. */
import { expect } from 'vitest'
import type { Claim, ClaimOutcome } from '../../../src/object/claim.ts'
import type { CachedObject } from '../../../src/object/object.ts'
import type { SharedTable } from '../../../src/object/shared/shared-table.ts'
import type { Found } from '../../../src/object/table.ts'
import { type Ask, ask, claimOf, type ObjectOptions, object, Reader, variantOf, Witness } from '../things.ts'
import { Fleet, type FleetOptions } from './fleet.ts'

export const PLAIN: readonly string[] = []

export interface Keeping extends ObjectOptions {
  readonly names?: readonly string[]
  readonly fields?: Record<string, string>
}

export class Rig extends Fleet {
  readonly a: SharedTable
  readonly b: SharedTable

  constructor(options: FleetOptions = {}) {
    super(options)
    this.a = this.table(1)
    this.b = this.table(2)
  }

  find(table: SharedTable, asks: Ask = {}): Found {
    return table.find(ask({ now: this.clock.now(), ...asks }))
  }

  keep(table: SharedTable, { names = PLAIN, fields = {}, ...init }: Keeping = {}): CachedObject {
    const claim = claimOf(this.find(table, { fields, alwaysMiss: true, key: init.key ?? 'k' }))
    const made = object({ position: claim.position, at: this.clock.now(), ...init })
    table.publish(claim, made, names, variantOf(names, fields), true)
    expect(table.complete(made)).toBe(true)
    return made
  }

  hit(table: SharedTable, asks: Ask = {}): CachedObject | null {
    const found = this.find(table, asks)
    if (found.type === 'fetch' && found.claim !== null) table.release(found.claim, { type: 'again' })
    return found.type === 'object' ? found.object : null
  }

  /** Who waits at a worker and reads what it gets. */
  readsOn(table: SharedTable, asks: Ask = {}): { readonly told: ClaimOutcome[]; readonly reader: Reader } {
    const found = this.find(table, asks)
    if (found.type !== 'wait') throw new Error(`no wait but ${found.type}`)
    const told: ClaimOutcome[] = []
    const reader = new Reader()
    table.wait(found.claim, {
      released(outcome) {
        told.push(outcome)
        if (outcome.type === 'object') outcome.object.body.read(reader)
      },
    })
    return { told, reader }
  }

  /** What a worker has to wait for. */
  waitsOn(table: SharedTable, asks: Ask = {}): { readonly claim: Claim; readonly told: ClaimOutcome[] } {
    const found = this.find(table, asks)
    if (found.type !== 'wait' && found.type !== 'away') throw new Error(`no wait but ${found.type}`)
    const witness = new Witness()
    table.wait(found.claim, witness)
    return { claim: found.claim, told: witness.told }
  }
}

/** What is stored under a key: told by key, version and variant alone, so that whoever reads it can tell whether all of it is what belongs together. */
import { createHash } from 'node:crypto'
import type { BodyEnd, BodySink } from '../../../../src/body/body.ts'
import type { CachedObject } from '../../../../src/object/object.ts'
import { HeaderMap } from '../../../../vcl-ts/headers.ts'
import { variantOf } from '../../things.ts'

export const KEYS = 900
/** Keys that are purged together. */
export const TAGS = 60

const KIB = 1024
const SIZES = [
  ...[0, 100, KIB, 2 * KIB, 2 * KIB + 1, 15 * KIB, 16 * KIB, 16 * KIB + 1, 17 * KIB, 0, 100, KIB, 100, KIB, 15 * KIB, 16 * KIB, 17 * KIB],
  ...[300 * KIB, 2048 * KIB],
] as const
const NAMES: readonly string[] = ['x-v']
const NONE: readonly string[] = []

export function keyName(key: number): string {
  return `key ${key}`
}

export function tagName(key: number): string {
  return `tag ${key % TAGS}`
}

export function namesOf(key: number): readonly string[] {
  return key % 3 === 0 ? NAMES : NONE
}

export function variantFor(key: number, fields: Readonly<Record<string, string>>): string {
  return variantOf(namesOf(key), fields)
}

/** The largest are few. */
export function bodyFor(key: number, version: number, variant: string): Buffer {
  const digest = createHash('sha256').update(`${key} ${version} ${variant}`).digest()
  const size = SIZES[(digest[0] as number) % (SIZES.length - (key % 4 === 0 ? 0 : 1))] as number
  const body = Buffer.alloc(size, digest)
  for (let at = 0; at + 4 <= size; at += 1000) body.writeUInt32LE(at, at)
  return body
}

export function fieldsFor(key: number, version: number, variant: string): { headers: HeaderMap; fieldLines: string } {
  const headers = HeaderMap.of([
    ['X-Key', keyName(key)],
    ['X-Version', `${version} ${variant}`],
  ])
  return { headers, fieldLines: `X-Key: ${keyName(key)}\r\nX-Version: ${version} ${variant}\r\n` }
}

/** What is wrong with an object that was found under a key, for a variant, by who came when `floor` was the oldest version to be had. */
export function wrongIn(object: CachedObject, key: number, variant: string, floor: number): string | null {
  const version = object.lastModified ?? -1
  if (object.key !== keyName(key)) return `${keyName(key)} is ${object.key}`
  if (object.fieldLines !== fieldsFor(key, version, variant).fieldLines) return `${keyName(key)} has the fields ${object.fieldLines}`
  if (object.headers.get('x-version') !== `${version} ${variant}`) return `${keyName(key)} has other fields`
  if ([...object.tags].join() !== tagName(key)) return `${keyName(key)} has the tags ${[...object.tags].join()}`
  return version < floor ? `${keyName(key)} is of version ${version} after the purge of ${floor}` : null
}

/** Reads the body of such an object, which may break off. */
export class Comparing implements BodySink {
  readonly #wanted: Buffer
  readonly #told: (wrong: string | null) => void
  #at = 0
  #torn = false

  constructor(wanted: Buffer, told: (wrong: string | null) => void) {
    this.#wanted = wanted
    this.#told = told
  }

  chunk(bytes: Buffer): boolean {
    if (bytes.length > this.#wanted.length - this.#at || !bytes.equals(this.#wanted.subarray(this.#at, this.#at + bytes.length)))
      this.#torn = true
    this.#at += bytes.length
    return true
  }

  end(end: BodyEnd): void {
    const short = end.type === 'complete' && this.#at !== this.#wanted.length
    this.#told(this.#torn || short ? `a body of ${this.#wanted.length} bytes is torn` : null)
  }
}

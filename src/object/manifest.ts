/**
 * What is stored of a file that is fetched in slices, beside them: the answer's head, and as its body which slices there are. Slices belong to
 * one manifest; once it is gone nothing leads to them.
 */
import { randomBytes } from 'node:crypto'
import { marksKey } from './key-text.ts'
import type { CachedObject } from './object.ts'
import { StoredBody } from './stored-body.ts'
import type { ObjectTable } from './table.ts'

export interface Manifest {
  /** Told apart by it, slices of one manifest are never taken for those of another. */
  readonly mark: string
  /** Bytes of a slice; the last one may be shorter. */
  readonly size: number
  /** Bytes of the whole representation. */
  readonly total: number
  /** The strong validator that each slice has to have: an entity tag, or the text of Last-Modified. */
  readonly validator: string
}

/** `before`: the one whose place it takes, whose slices stay if they are of the same file. */
export function newManifest(size: number, total: number, validator: string, before: Manifest | null): Manifest {
  if (before !== null && before.size === size && before.total === total && before.validator === validator) return before
  return { mark: randomBytes(9).toString('base64url'), size, total, validator }
}

/** The body of an object that stands for slices. */
export function manifestBody({ mark, size, total, validator }: Manifest): StoredBody {
  return new StoredBody(`${mark} ${size} ${total} ${validator}`)
}

/** Of an object whose `sliced` is true. Throws for another. */
export function manifestOf(object: CachedObject): Manifest {
  const text = object.body instanceof StoredBody ? Buffer.concat(object.body.segments).toString('latin1') : ''
  const [mark = '', size = '', total = '', ...validator] = text.split(' ')
  if (!object.sliced || validator.length === 0) throw new Error('the object is no manifest')
  return { mark, size: Number(size), total: Number(total), validator: validator.join(' ') }
}

/** The manifest under `key` is no more: what is stored of its slices makes room, wherever it is. `failed`: it could not be told. */
export function dropSlices(table: ObjectTable, key: string, { mark }: Manifest, failed: (error: unknown) => void): void {
  const dropped = table.purge(marksKey(key, mark), false)
  if (dropped instanceof Promise) dropped.catch(failed)
}

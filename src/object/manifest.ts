/**
 * What is stored of a file that is fetched in slices, beside them: the answer's head, and as its body which slices there are. Slices belong to
 * one manifest; once it is gone nothing leads to them.
 */
import { randomBytes } from 'node:crypto'
import type { CachedObject } from './object.ts'
import { StoredBody } from './stored-body.ts'

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

export function newManifest(size: number, total: number, validator: string): Manifest {
  return { mark: randomBytes(9).toString('base64url'), size, total, validator }
}

/** The body of an object that stands for slices. */
export function manifestBody({ mark, size, total, validator }: Manifest): StoredBody {
  return new StoredBody(`${mark} ${size} ${total} ${validator}`)
}

/** Of an object whose `sliced` is true. Throws for another. */
export function manifestOf(object: CachedObject): Manifest {
  const text = object.body instanceof StoredBody ? (object.body.whole?.toString('latin1') ?? '') : ''
  const [mark = '', size = '', total = '', ...validator] = text.split(' ')
  if (!object.sliced || validator.length === 0) throw new Error('the object is no manifest')
  return { mark, size: Number(size), total: Number(total), validator: validator.join(' ') }
}

/** Several ranges of a stored body as `multipart/byteranges` (RFC 9110 §14.6). */
import { randomBytes } from 'node:crypto'
import type { Body, BodyFlow, BodySink } from '../body/body.ts'
import { StoredBody } from '../object/stored-body.ts'
import { multipartEnd, multipartHead } from '../wire/byteranges.ts'
import type { ByteRange } from '../wire/range.ts'

export interface Multipart {
  readonly boundary: string
  readonly body: Body & { readonly length: number }
}

export function multipart(body: StoredBody, ranges: readonly ByteRange[], total: number, contentType: string | null): Multipart {
  const boundary = randomBytes(12).toString('hex')
  const segments: Buffer[] = []
  for (const { first, last } of ranges) {
    segments.push(Buffer.from(multipartHead(boundary, contentType, first, last, total), 'latin1'))
    collect(body, first, last, segments)
  }
  segments.push(Buffer.from(multipartEnd(boundary), 'latin1'))
  return { boundary, body: new Segments(segments) }
}

/** Views of the stored segments: nothing is copied. */
function collect(body: StoredBody, first: number, last: number, into: Buffer[]): void {
  let start = 0
  for (const segment of body.segments) {
    const end = start + segment.length
    if (end > first && start <= last) into.push(segment.subarray(Math.max(0, first - start), Math.min(segment.length, last - start + 1)))
    start = end
  }
}

class Segments implements Body {
  readonly #stored: StoredBody

  constructor(segments: readonly Buffer[]) {
    this.#stored = new StoredBody(segments)
  }

  get length(): number {
    return this.#stored.length
  }

  read(sink: BodySink): BodyFlow {
    return this.#stored.read(sink)
  }
}

/** Bytes as text, one character for each (latin-1), as head parsers make it of every message. */

/** What `buffer.toString('latin1', …)` calls when it has looked at its arguments: Node has it on every buffer and does not document it. */
interface Sliced {
  latin1Slice?(start: number, end: number): string
}

const direct: unknown = (Buffer.prototype as Sliced).latin1Slice

/** The text of `bytes` from `start` up to `end`, both within them. */
export const latin1: (bytes: Buffer, start: number, end: number) => string =
  typeof direct === 'function'
    ? (bytes, start, end) => (bytes as Buffer & Required<Sliced>).latin1Slice(start, end)
    : (bytes, start, end) => bytes.toString('latin1', start, end)

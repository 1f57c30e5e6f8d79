/** Status and reason phrase as hooks may set them; what cannot be sent throws where it is set. */

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/

/** A status that may be sent; throws a `TypeError` for any other. */
export function checkedStatus(value: number): number {
  if (!Number.isInteger(value) || (value !== 999 && (value < 200 || value > 599)))
    throw new TypeError(`status ${value} cannot be sent: give a whole number from 200 to 599`)
  return value
}

/** A reason phrase that may be sent; throws a `TypeError` for any other. */
export function checkedReason(value: string): string {
  if (typeof value !== 'string' || !REASON.test(value))
    throw new TypeError('a reason phrase holds visible characters and spaces only (RFC 9112 §4)')
  return value
}

/** What a policy may set as a status or a reason phrase; anything else throws where it is set. */

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/

export function checkedStatus(value: number): number {
  if (!Number.isInteger(value) || (value !== 999 && (value < 200 || value > 599)))
    throw new TypeError(`status ${value} cannot be sent: give a whole number from 200 to 599`)
  return value
}

export function checkedReason(value: string): string {
  if (typeof value !== 'string' || !REASON.test(value))
    throw new TypeError('a reason phrase holds visible characters and spaces only (RFC 9112 §4)')
  return value
}

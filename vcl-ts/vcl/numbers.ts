/** Numbers as VCL reads, divides and draws them. */
import { acl } from '../acl.ts'

/** A failure of the policy where it divides by nothing, as in VCL. */
export function divided(a: number, b: number): number {
  if (b === 0) throw new RangeError('division by zero')
  return a / b
}

export function remainder(a: number, b: number): number {
  if (b === 0) throw new RangeError('division by zero')
  return a % b
}

/** From `low` up to but not including `high`. */
export function random(low: number, high: number): number {
  return low + Math.random() * (high - low)
}

/** Halves go away from 0. */
export function round(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value))
}

/** The whole part of a number; 1 for `true`. */
export function integerOf(value: number | boolean): number {
  return Math.trunc(Number(value))
}

const NUMBER = /^\s*([+-]?\d+(?:\.\d*)?)\s*$/
const DURATION = /^\s*([+-]?\d+(?:\.\d*)?)\s*(ms|s|m|h|d|w|y)\s*$/
const SIZE = /^\s*(\d+(?:\.\d*)?)\s*([KMGTPE]?)B?\s*$/i
const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 }

/** A whole number in a text; else `otherwise`, and without that the hook fails (`std.integer`). */
export function integer(text: string | undefined, otherwise?: number): number {
  const found = /^\s*([+-]?\d+)\s*$/.exec(text ?? '')
  return found === null ? given(otherwise, text, 'a whole number') : Number(found[1])
}

export function real(text: string | undefined, otherwise?: number): number {
  const found = NUMBER.exec(text ?? '')
  return found === null ? given(otherwise, text, 'a number') : Number(found[1])
}

/** Seconds of `10m`; a unit is needed. */
export function duration(text: string | undefined, otherwise?: number): number {
  const found = DURATION.exec(text ?? '')
  return found === null ? given(otherwise, text, 'a duration') : Number(found[1]) * (SECONDS[found[2] as string] as number)
}

/** Bytes of `10MB`. */
export function bytes(text: string | undefined, otherwise?: number): number {
  const found = SIZE.exec(text ?? '')
  if (found === null) return given(otherwise, text, 'a size')
  return Math.trunc(Number(found[1]) * 1024 ** ' KMGTPE'.indexOf(found[2]?.toUpperCase() || ' '))
}

/** Seconds since the epoch of a date, or of a number of them. */
export function time(text: string | undefined, otherwise?: number): number {
  const seconds = NUMBER.exec(text ?? '')
  if (seconds !== null) return Number(seconds[1])
  const parsed = /^\s*(?:[A-Z][a-z]+,? |\d{4}-\d\d-\d\dT)/.test(text ?? '') ? Date.parse(zoned(text as string)) : Number.NaN
  return Number.isNaN(parsed) ? given(otherwise, text, 'a time') : parsed / 1000
}

/** Times without a zone are in UTC. */
function zoned(text: string): string {
  return /(?:GMT|UTC|Z|[+-]\d\d:?\d\d)\s*$/.test(text) ? text : `${text}${text.includes('T') && text.includes('-') ? 'Z' : ' GMT'}`
}

/** An address in a text; names are not resolved. */
export function ip(text: string | undefined, otherwise?: string): string {
  const value = (text ?? '').trim()
  try {
    acl(value)
    if (!/[!/]/.test(value)) return value
  } catch {
    // No address.
  }
  return given(otherwise, text, 'an address')
}

function given<T>(otherwise: T | undefined, text: string | undefined, what: string): T {
  if (otherwise !== undefined) return otherwise
  throw new TypeError(`${JSON.stringify(text ?? '')} is not ${what}, and there is nothing to take instead`)
}

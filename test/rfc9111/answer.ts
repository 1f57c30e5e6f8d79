/** One answer put through the freshness rules at a fixed moment. */

import { type FreshnessInput, type Lifetime, lifetime } from '../../src/wire/freshness.ts'
import { formatHttpDate } from '../../src/wire/http-date.ts'
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'
import { rfc9111 } from '../wire/decisions-fixture.ts'

/** Receipt of every answer. */
export const WALL: number = Date.UTC(2026, 10, 20, 12)

export interface Answer {
  readonly status?: number
  readonly method?: string
  readonly decisions?: Decisions
  /** Ms between request and answer. */
  readonly delay?: number
  readonly wall?: number
  readonly bodyLength?: number | null
}

export function inputOf(fields: HeaderPairs, answer: Answer = {}): FreshnessInput {
  return {
    status: answer.status ?? 200,
    method: answer.method ?? 'GET',
    headers: HeaderMap.of(fields),
    requestTime: 1000,
    responseTime: 1000 + (answer.delay ?? 0),
    wall: answer.wall ?? WALL,
    decisions: answer.decisions ?? rfc9111,
    framing: 'length',
    bodyLength: answer.bodyLength ?? null,
  }
}

export function received(fields: HeaderPairs, answer: Answer = {}): Lifetime {
  return lifetime(inputOf(fields, answer))
}

/** HTTP-date so many seconds from receipt. */
export function at(seconds: number): string {
  return formatHttpDate(WALL + seconds * 1000)
}

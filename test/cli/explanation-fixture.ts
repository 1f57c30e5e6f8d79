/** An explanation as the server gives it, of a stale page that a policy has to do with. */
import type { Explanation } from '../../src/admin/explanation.ts'

export const EXPLANATION: Explanation = {
  request: { method: 'GET', url: '/?utm=1', host: 'www.example', scheme: 'http', ip: '192.0.2.1', mayInvalidate: false, fetch: true },
  preset: 'safe',
  policy: 'shop',
  verdict: {
    kind: 'GRACE',
    reason: 'GRACE',
    text: 'The stored object is served at once.',
    at: { file: '/srv/shop.ts', line: 4, column: 12 },
  },
  key: { text: '1:/11:www.example2:de', url: '/', host: 'www.example', added: ['de'] },
  variant: { scheme: 'http', arm: null, vary: [{ name: 'accept-language', value: null }] },
  class: { name: 'credentialed', why: 'It carries session.', cookies: [{ name: 'session', analytics: false }], authorization: false },
  decisions: [
    {
      ...{ hook: 'recv', by: 'recv of policy shop', own: true, background: false, action: null, rule: null, error: null },
      at: null,
      changes: [{ noun: 'req.url', before: '/?utm=1', after: '/' }],
    },
    { hook: 'recv', by: 'step reqHost', own: false, background: false, action: null, at: null, changes: [], rule: null, error: null },
    { hook: 'recv', by: 'step reqMethod', own: false, background: false, action: null, at: null, changes: [], rule: null, error: null },
    {
      ...{ hook: 'recv', by: 'step reqCookie', own: false, background: false, at: null, changes: [], error: null },
      action: { type: 'pass', data: { reason: 'REQUEST_COOKIE' } },
      rule: { id: 'cookie', rule: 'request Cookie', clause: 'RFC 9111 §7.3', says: 'pass' },
    },
    {
      ...{ hook: 'backendFetch', by: 'backendFetch of policy shop', own: true, background: true, action: null, changes: [], rule: null },
      error: 'no \x1b[31mluck',
      at: { file: '/srv/shop.ts', line: 9, column: 3 },
    },
  ],
  freshness: {
    ...{ state: 'grace', source: 's-maxage', age: 75, ttl: 60, left: -15, grace: 600, staleIfError: 0, keep: 0, mustRevalidate: false },
    inputs: [{ name: 'Cache-Control: s-maxage', value: '60', clause: 'RFC 9111 §4.2.1', note: 'the first that is there' }],
  },
  stored: {
    variants: [
      {
        ...{ scheme: 'http', arm: null, vary: [{ name: 'accept-language', value: null }], selected: true, part: null, arriving: null },
        object: {
          ...{
            id: 17,
            status: 200,
            length: 5,
            bytes: 2048,
            state: 'grace',
            age: 75,
            ttl: 60,
            left: -15,
            grace: 600,
            staleIfError: 0,
            keep: 0,
          },
          ...{ hits: 3, tags: ['shop'], validator: true, coding: 'br' },
        },
        markers: [{ type: 'hitForMiss', class: 'anonymous', left: 100 }],
      },
    ],
    fetches: [{ class: 'anonymous', range: null, waiters: 2, joined: true }],
  },
  origin: [
    {
      ...{ backend: 'http://127.0.0.1:3000', method: 'GET', url: '/', host: 'www.example' },
      ...{ conditions: ['if-none-match'], background: true, asked: true },
    },
  ],
  fetched: { status: 304, stored: true, why: 'STORED', text: 'It would be stored.', background: true, freshness: null },
  answer: { status: 200, reason: 'OK' },
  hit: ['Send s-maxage.'],
  notes: ['The hook backendFetch failed.'],
}

/** As it is printed from the folder `/srv`. */
export const PRINTED: string = `GRACE: The stored object is served at once. (shop.ts:4:12)

Request
  GET http://www.example/?utm=1 from 192.0.2.1
  key      www.example/, with "de"
  variant  http, no accept-language
  class    credentialed: It carries session.
  reason   GRACE
  preset   safe, policy shop

What ran
  recv                   policy shop              no opinion
      req.url: /?utm=1 → /
  recv                   steps reqHost reqMethod  no opinion
  recv                   step reqCookie           pass reason=REQUEST_COOKIE
      request Cookie (RFC 9111 §7.3): pass
  backendFetch (behind)  policy shop              failed: no \\x1b[31mluck  shop.ts:9:3

Freshness
  grace: age 75s, ttl 60s from s-maxage, over for 15s
  grace 10m
  Cache-Control: s-maxage  60  RFC 9111 §4.2.1: the first that is there

Stored under this key
  * variant http, no accept-language
      object: 200, 2 KiB, br, grace, age 75s, over for 15s, 3 hits, id 17, tags shop
      hit-for-miss of anonymous requests, 100s left
  a fetch is under way (anonymous), 2 wait, and this request would

Origin
  was asked behind the answer: GET http://127.0.0.1:3000/ (Host: www.example) with if-none-match
  answered 304: It would be stored. (STORED)

What would make it a HIT
  - Send s-maxage.

Notes
  - The hook backendFetch failed.
`

import { describe, expect, it } from 'vitest'
import { type Action, verbs } from '../../vcl-ts/actions.ts'
import { PRESETS } from '../../vcl-ts/builtin/decisions.ts'
import { purgeAnswer } from '../../vcl-ts/builtin/invalidation-steps.ts'
import { compilePolicy } from '../../vcl-ts/compile.ts'
import type { HeaderPairs } from '../../vcl-ts/headers.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { clientContext, patient, req } from './nouns.ts'

function receive(headers: HeaderPairs, mayInvalidate: boolean = true, preset: (typeof PRESETS)[number] = 'safe'): Action {
  const context = clientContext({ req: req({ method: 'BAN' }, headers) })
  const client = { ...context.client, mayInvalidate }
  return runHook(compilePolicy([], preset), 'recv', { ...context, ...verbs, client }, patient) as Action
}

const ban = (expression: string): Action => verbs.purge({ ban: expression })

describe.each(PRESETS)('BAN under %s', (preset) => {
  it('is a purge for those who may', () => {
    expect(receive([['X-Ban', 'obj.status == 404']], true, preset)).toEqual(ban('obj.status == 404'))
  })

  it('is answered 405 to others, whatever it asks for', () => {
    expect(receive([['X-Ban', 'obj.status == 404']], false, preset)).toMatchObject({ type: 'synth', status: 405 })
    expect(receive([], false, preset)).toMatchObject({ type: 'synth', status: 405 })
  })
})

describe('BAN', () => {
  it.each<[HeaderPairs, string]>([
    [[['X-Ban', '  req.url   ~  "^/a"']], 'req.url ~ ^/a'],
    [[['X-Url', '^/a b']], 'obj.url ~ "^/a b"'],
    [[['X-Host', '^(www\\.example)$']], 'obj.host ~ ^(www\\.example)$'],
    [
      [
        ['X-Host', '.*'],
        ['X-Url', '/a"'],
        ['X-Content-Type', 'text/html'],
      ],
      'obj.url ~ "/a\\"" && obj.http.content-type ~ text/html',
    ],
    [
      [
        ['X-Host', '.*'],
        ['X-Url', '.*'],
        ['X-Content-Type', '.*'],
      ],
      'obj.url ~ .*',
    ],
    [[['X-Url', '&&']], 'obj.url ~ "&&"'],
    [
      [
        ['X-Cache-Tags', '(^|,)(a|b)(,|$)'],
        ['X-Host', 'example'],
      ],
      'obj.host ~ example && obj.http.x-cache-tags ~ (^|,)(a|b)(,|$)',
    ],
    [
      [
        ['X-Cache-Tags', 'a'],
        ['X-Url', '^/b'],
      ],
      'obj.url ~ ^/b && obj.tags has a',
    ],
  ])('with %j is by the expression %j', (headers, expression) => {
    expect(receive(headers)).toEqual(ban(expression))
  })

  it('may name tags, then it is a purge of those', () => {
    expect(receive([['X-Cache-Tags', 'a, b']])).toEqual(verbs.purge({ tags: ['a', 'b'] }))
    expect(
      receive([
        ['xkey', 'a'],
        ['X-Url', '.*'],
      ]),
    ).toEqual(verbs.purge({ tags: ['a'] }))
    expect(receive([['xkey-softpurge', 'a']])).toEqual(verbs.purge({ tags: ['a'], soft: true }))
    expect(
      receive([
        ['xkey-softpurge', 'a'],
        ['X-Cache-Tags', 'b'],
      ]),
    ).toEqual(verbs.purge({ tags: ['a', 'b'] }))
  })

  it.each<[HeaderPairs, string]>([
    [[], 'a BAN needs one of: X-Ban'],
    [[['X-Ban', '']], 'a test is missing'],
    [[['X-Ban', 'req.url ~ ^(a+)+$']], 'an unbounded quantifier stands within another'],
    [[['X-Ban', 'req.url ~ a || req.url ~ b']], 'send two bans'],
    [[['X-Ban', 'req.url ~ "a" "<script>"']], '"<script>" stands where && or the end is due'],
    [
      [
        ['X-Ban', 'obj.status == 200'],
        ['x-ban', 'obj.status == 404'],
      ],
      'several X-Ban fields',
    ],
    [[['X-Url', '(a+)+']], 'an unbounded quantifier stands within another'],
    [[['X-Host', '(?=a)']], 'looks around'],
    [[['X-Cache-Tags', '(a|b']], 'never closed'],
    [[['X-Cache-Tags', ' , ']], 'is empty'],
    [
      [
        ['X-Cache-Tags', 'a,b'],
        ['X-Host', 'c'],
      ],
      'give one tag',
    ],
    [
      [
        ['X-Ban', 'obj.status == 200'],
        ['X-Purge-Soft', '1'],
      ],
      'a ban cannot be soft',
    ],
  ])('with %j is answered 400 with the reason as plain text', (headers, reason) => {
    const answer = receive(headers)
    expect(answer).toMatchObject({ type: 'synth', status: 400, contentType: 'text/plain; charset=utf-8', close: false })
    expect(answer.type === 'synth' && answer.body).toContain(reason)
  })

  it('is answered with what went, and whether more may go', () => {
    const done = { soft: false, objects: 3, complete: true, ban: '7', fleet: null }
    expect(purgeAnswer(req(), done)).toMatchObject({ status: 200, reason: 'Banned 3', body: 'Banned 3\n' })
    expect(purgeAnswer(req(), { ...done, complete: false })).toMatchObject({ reason: 'Banned 3 so far', body: 'Banned 3 so far\n' })
    const json = purgeAnswer(req({}, [['Accept', 'application/json']]), { ...done, complete: false })
    expect(json).toMatchObject({ reason: 'Banned 3 so far', contentType: 'application/json' })
    expect(JSON.parse(String(json.body))).toEqual({ status: 'ok', banned: 3, complete: false, id: '7' })
  })
})

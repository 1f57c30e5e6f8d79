/** Services as such: when they run, by what names, and what a policy is told that cannot have them. */
import { describe, expect, it } from 'vitest'
import { Services } from '../../../src/policy/services/services.ts'
import { testPolicy } from '../../../src/testing/index.ts'
import { definePolicy, memo, PolicyError, rateLimit, type Service, ServiceError, stack } from '../../../vcl-ts/index.ts'
import { introduce, workOf } from '../../../vcl-ts/services/service.ts'

const counted = (): ReturnType<typeof rateLimit> => rateLimit({ limit: 1, period: '1h' })

describe('a service', () => {
  it('runs from init to fini', async () => {
    const limit = counted()
    const seen: string[] = []
    const policy = definePolicy({
      services: { limit },
      init: () => void seen.push(`init ${limit.isDenied('a')}`),
      fini: () => void seen.push(`fini ${limit.isDenied('a')}`),
    })
    expect(() => limit.isDenied('a')).toThrow(ServiceError)
    const cache = await testPolicy(policy)
    await cache.close()
    expect(seen).toEqual(['init false', 'fini true'])
    expect(() => limit.isDenied('a')).toThrow(ServiceError)
  })

  it('does not run for a policy that is refused', async () => {
    const limit = counted()
    const policy = definePolicy({
      services: { limit },
      init: () => {
        throw new Error('no')
      },
    })
    await expect(testPolicy(policy)).rejects.toThrow(PolicyError)
    expect(() => limit.isDenied('a')).toThrow(ServiceError)
  })

  it('that nobody knows refuses the policy, and those before it end', async () => {
    const limit = counted()
    const odd = { type: 'service', kind: 'oracle' } as unknown as Service
    await expect(testPolicy(definePolicy({ services: { limit, odd } }))).rejects.toThrow(
      'services.odd cannot begin: there is no service of the kind "oracle"',
    )
    expect(() => limit.isDenied('a')).toThrow(ServiceError)
  })

  it('that is none is refused', () => {
    expect(() => definePolicy({ services: { limit: { limit: 1 } as never } })).toThrow(
      'services.limit is not a service; make it with rateLimit(…), jwt(…) or one of the others',
    )
    expect(() => definePolicy({ services: [] as never })).toThrow('services must be an object of name → service')
  })

  it('goes on for others when one engine of several that have it ends', () => {
    const limit = counted()
    const [one, other] = [{}, {}]
    const [endOne, endOther] = [introduce(limit, one), introduce(limit, other)]
    expect(workOf(limit)).toBe(other)
    endOther()
    endOther()
    expect(workOf(limit)).toBe(one)
    endOne()
    expect(() => workOf(limit)).toThrow(ServiceError)
  })
})

describe('names in a stack', () => {
  it('are told apart: two limits of one name count apart, one limit under two names counts once', async () => {
    const [a, b] = [counted(), counted()]
    await testPolicy(
      stack(definePolicy({ services: { limit: a } }), definePolicy({ services: { limit: b, again: a } }), a.policy(), b.policy()),
    )
    expect([a.isDenied('x'), b.isDenied('x'), a.isDenied('x'), b.isDenied('x')]).toEqual([false, false, true, true])
  })

  it('are what limits are counted under, so that an equal policy goes on where the last one ended', async () => {
    const clock = { now: () => 1000, wall: () => 1000, after: () => ({ cancel: () => {}, refresh: () => {} }) }
    const services = new Services({ clock, log: { info: () => {}, warn: () => {}, error: () => {} }, deadline: () => 5 })
    const [first, second, renamed] = [counted(), counted(), counted()]
    services.start(new Map<string, Service>([['clients', first]]))
    services.start(new Map<string, Service>([['clients', second]]))
    services.start(new Map<string, Service>([['others', renamed]]))
    expect([first.isDenied('a'), second.isDenied('a'), renamed.isDenied('a')]).toEqual([false, true, false])
  })
})

it('keeps methods that are taken out of it', async () => {
  const { isDenied, ...rest } = counted()
  const found = memo({ key: (id: string) => id, ttl: 1 }, async (id) => id)
  const { get } = found
  await testPolicy(definePolicy({ services: { found } }))
  expect(await get('a')).toBe('a')
  expect(rest.kind).toBe('rateLimit')
  expect(() => isDenied('a')).toThrow(ServiceError)
})

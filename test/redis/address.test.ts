import { describe, expect, it } from 'vitest'
import { clusterAddress, redisTarget, showEndpoint } from '../../src/redis/address.ts'

const plain = { type: 'server', master: null, user: null, password: null, db: 0, tls: false }

describe('the URL of a Redis', () => {
  it.each([
    ['redis://a', { endpoints: [{ host: 'a', port: 6379 }], shown: 'redis://a:6379' }],
    ['valkey://a:1/', { endpoints: [{ host: 'a', port: 1 }], shown: 'redis://a:1' }],
    ['rediss://a:1/2', { endpoints: [{ host: 'a', port: 1 }], db: 2, tls: true, shown: 'rediss://a:1/2' }],
    ['redis://[::1]:7', { endpoints: [{ host: '::1', port: 7 }], shown: 'redis://[::1]:7' }],
    ['redis://u:p%40:x@a', { endpoints: [{ host: 'a', port: 6379 }], user: 'u', password: 'p@:x', shown: 'redis://a:6379' }],
    ['redis://:p@b@a', { endpoints: [{ host: 'a', port: 6379 }], password: 'p@b', shown: 'redis://a:6379' }],
    ['redis://u@a', { endpoints: [{ host: 'a', port: 6379 }], user: 'u', shown: 'redis://a:6379' }],
    ['redis+unix:///run/redis.sock?db=3', { endpoints: [{ path: '/run/redis.sock' }], db: 3, shown: 'redis+unix:///run/redis.sock/3' }],
    ['redis+unix://u:p@/run/r.sock', { endpoints: [{ path: '/run/r.sock' }], user: 'u', password: 'p', shown: 'redis+unix:///run/r.sock' }],
    [
      'rediss+cluster://u:p@a:1,[fd00::1]:2',
      {
        type: 'cluster',
        endpoints: [
          { host: 'a', port: 1 },
          { host: 'fd00::1', port: 2 },
        ],
        user: 'u',
        password: 'p',
        tls: true,
        shown: 'rediss+cluster://a:1,[fd00::1]:2',
      },
    ],
    [
      'redis+sentinel://a,b:5/shop%201/4',
      {
        type: 'sentinel',
        endpoints: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 5 },
        ],
        master: 'shop 1',
        db: 4,
        shown: 'redis+sentinel://a:26379,b:5/shop 1/4',
      },
    ],
  ])('%s', (url, expected) => {
    expect(redisTarget([url])).toEqual({ ...plain, ...expected })
  })

  it('is one seed of a Cluster where there are several', () => {
    expect(redisTarget(['redis://u:p@a:1', 'redis://u:p@b:2'], 'other')).toEqual({
      ...plain,
      type: 'cluster',
      user: 'u',
      password: 'other',
      endpoints: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      shown: 'redis+cluster://a:1,b:2',
    })
    expect(redisTarget(['redis+sentinel://a/m', 'redis+sentinel://b/m']).endpoints).toHaveLength(2)
  })

  it.each([
    [['redis:a'], 'no URL'],
    [['http://a'], 'no URL'],
    [['redis://'], 'host:port'],
    [['redis://::1'], 'host:port'],
    [['redis://a:0'], 'host:port'],
    [['redis://a:65536'], 'host:port'],
    [['redis://a,b'], 'redis+cluster://'],
    [['redis://a/x'], 'number of a database'],
    [['redis://a/1/2'], 'at most the number'],
    [['redis://a?db=1'], 'in the path'],
    [['redis+cluster://a/1'], 'no databases'],
    [['redis+sentinel://a'], 'by its name'],
    [['redis+sentinel://a/m/1/2'], 'by its name'],
    [['redis+unix://host/path'], 'absolute path'],
    [['rediss+unix:///path'], 'TLS'],
    [['redis://u:%@a'], '%40'],
    [['redis://a', 'rediss://b'], 'different kinds'],
    [['redis://a', 'redis+cluster://b'], 'different kinds'],
    [['redis://u:p@a', 'redis://b'], 'users or passwords'],
    [['redis://a/1', 'redis://b/1'], 'seeds of a Cluster'],
    [[], 'no URL'],
  ])('%j is refused', (urls, why) => {
    expect(() => redisTarget(urls)).toThrow(why)
    expect(() => redisTarget(urls)).toThrow(TypeError)
  })

  it('keeps passwords to itself when it is refused', () => {
    for (const url of [
      'redis://u:hunter2@a:b',
      'redis://u:hunter2@@a',
      'redis://u:hunter2/@a',
      'rediz://u:hunter2@a',
      'redis://u:%hunter2@a',
    ])
      try {
        redisTarget([url])
      } catch (error) {
        expect(String(error)).not.toContain('hunter2')
      }
    expect(redisTarget(['redis://u:hunter2@a']).shown).not.toContain('hunter2')
  })
})

it('reads the addresses that a Cluster tells', () => {
  expect([clusterAddress('10.0.0.1:7'), clusterAddress('fd00::1:7'), clusterAddress(':7'), clusterAddress('a:x')]).toEqual([
    { host: '10.0.0.1', port: 7 },
    { host: 'fd00::1', port: 7 },
    null,
    null,
  ])
  expect(showEndpoint({ host: 'fd00::1', port: 7 })).toBe('[fd00::1]:7')
})

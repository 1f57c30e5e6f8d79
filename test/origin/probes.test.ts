/** Probes against real sockets, on a clock that moves when told to: what is asked, what is good, and when health changes (HARDENING 315). */
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import type { ProbeReport } from '../../src/origin/health.ts'
import { ProbeWindow } from '../../src/origin/probe-window.ts'
import { Probes } from '../../src/origin/probes.ts'
import { createOrigins, type Origins } from '../../src/origin/registry.ts'
import { type Backend, type BackendOptions, backend, type ProbeOptions } from '../../vcl-ts/index.ts'
import fc from '../support/properties.ts'
import { type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { begin, get, namesFor, settingsFor, turns } from './rig.ts'

interface Told {
  readonly url: string
  readonly healthy: boolean
  readonly report: ProbeReport
}

class Rig {
  readonly clock = new ManualClock()
  readonly origins: Origins
  readonly probes: Probes
  readonly told: Told[] = []
  readonly events: Record<string, unknown>[] = []

  constructor(random: () => number = () => 0) {
    const { clock } = this
    const make = (): Origins =>
      createOrigins({ names: namesFor(clock), settings: settingsFor({}), clock, counters: new Counters(), oddStatus: 'fail' })
    this.origins = make()
    const apart = make()
    const note = (fields: Readonly<Record<string, unknown>>): void => void this.events.push({ ...fields })
    this.probes = new Probes({
      clock: this.clock,
      log: { info: note, warn: note, error: note },
      originOf: (which) => apart.of(which),
      tell: (which, healthy, report) => {
        this.told.push({ url: which.url, healthy, report })
        this.origins.setProbed(which, healthy, report)
      },
      random,
    })
    onTestFinished(() => {
      this.probes.stop()
      apart.stop()
      this.origins.stop()
    })
  }

  get last(): Told {
    return this.told.at(-1) as Told
  }

  /** Resolves when so many probes are over. */
  done(count: number): Promise<void> {
    return until(() => this.told.filter(({ report }) => report.last !== '').length >= count, `the end of probe ${count}`)
  }
}

async function started(script: OriginScript): Promise<ScriptedOrigin> {
  const origin = await ScriptedOrigin.start(script)
  onTestFinished(() => origin.close())
  return origin
}

const ok: OriginScript = (_hit, response) => response.end('fine')

/** One probe of an origin: what it said. */
async function verdict(
  script: OriginScript,
  probe: ProbeOptions = {},
  options: BackendOptions = {},
): Promise<Told & { origin: ScriptedOrigin }> {
  const origin = await started(script)
  const rig = new Rig()
  rig.probes.watch([backend(origin.url, { ...options, probe: { window: 1, threshold: 1, ...probe } })])
  await rig.done(1)
  return { ...rig.last, origin }
}

describe('a probe', () => {
  it('asks at once, then at each interval, on a connection of its own each time', async () => {
    const origin = await started(ok)
    const rig = new Rig()
    rig.probes.watch([backend(origin.url, { probe: { path: '/healthz?a=b' } })])
    await rig.done(1)
    expect(origin.hits[0]).toMatchObject({ method: 'GET', url: '/healthz?a=b', headers: { host: `127.0.0.1:${origin.port}` } })
    rig.clock.advance(4999)
    expect(rig.told).toHaveLength(2)
    rig.clock.advance(1)
    await rig.done(2)
    expect(origin.hits.map(({ message }) => message.socket).every((socket, index, all) => all.indexOf(socket) === index)).toBe(true)
    await until(() => origin.sockets.size === 0, 'the end of its connections')
  })

  it.each<[string, OriginScript, ProbeOptions, boolean, RegExp]>([
    ['the expected status', ok, {}, true, /^200$/],
    ['another status', (_hit, response) => response.writeHead(503).end(), {}, false, /^503, expected 200$/],
    ['one of several', (_hit, response) => response.writeHead(204).end(), { expected: [200, 204] }, true, /^204$/],
    ['none of several', (_hit, response) => response.writeHead(302).end(), { expected: [200, 204] }, false, /200 or 204/],
    ['the text wanted', ok, { body: 'fin' }, true, /^200$/],
    ['a body without it', ok, { body: 'bad' }, false, /does not match/],
    ['the pattern wanted', ok, { body: /^f.ne$/ }, true, /^200$/],
    ['a reset', (hit) => hit.message.socket.resetAndDestroy(), {}, false, /^(?:reset|closed_before_answer)/],
    [
      'a broken body',
      (hit, response) => response.writeHead(200, { 'Content-Length': 9 }).write('half', () => hit.message.socket.destroy()),
      {},
      false,
      /broke off/,
    ],
    ['no HTTP', (hit) => hit.message.socket.end('SSH-2.0\r\n\r\n'), {}, false, /^malformed_head/],
  ])('takes %s for what it is', async (_name, script, probe, healthy, reason) => {
    const { report, ...told } = await verdict(script, probe)
    expect([told.healthy, report.last]).toEqual([healthy, expect.stringMatching(reason)])
  })

  it('sends the request that it was given, with the backend’s Host', async () => {
    const request = { method: 'HEAD', url: '/up', headers: { 'X-Probe': 'yes', 'User-Agent': 'me' } }
    const { origin, healthy } = await verdict(ok, { request }, { hostHeader: 'shop.example' })
    expect(healthy).toBe(true)
    expect(origin.hits[0]).toMatchObject({
      method: 'HEAD',
      url: '/up',
      headers: { host: 'shop.example', 'x-probe': 'yes', 'user-agent': 'me' },
    })
  })

  it('fails when nobody listens', async () => {
    const origin = await started(ok)
    await origin.close()
    const rig = new Rig()
    rig.probes.watch([backend(origin.url, { probe: {} })])
    await rig.done(1)
    expect(rig.last.report.last).toMatch(/^connect_refused/)
  })

  it.each<[string, OriginScript]>([
    ['says nothing', () => {}],
    ['sends a byte now and then', (_hit, response) => void response.writeHead(200, { 'Content-Length': 99 }).write('x')],
  ])('fails after its timeout when the origin %s, and lets go of it', async (_name, script) => {
    const origin = await started(script)
    const rig = new Rig()
    rig.probes.watch([backend(origin.url, { probe: {} })])
    await origin.hit(0)
    rig.clock.advance(1999)
    expect(rig.told).toHaveLength(1)
    rig.clock.advance(1)
    expect([rig.last.healthy, rig.last.report.last]).toEqual([false, 'no answer within 2 s'])
    await until(() => origin.sockets.size === 0, 'the end of the connection')
  })

  it('reads 64 KiB of an endless answer, judges by them, and lets go', async () => {
    let sent = 0
    const endless: OriginScript = (_hit, response) => {
      const chunk = Buffer.alloc(16 * 1024, 'x')
      const push = (): void => {
        while (!response.destroyed && sent < 64 * 1024 * 1024) {
          sent += chunk.length
          if (!response.write(chunk)) return void response.once('drain', push)
        }
      }
      push()
    }
    const { healthy, origin } = await verdict(endless)
    expect(healthy).toBe(true)
    await until(() => origin.sockets.size === 0, 'the end of the connection')
    expect(sent).toBeLessThan(64 * 1024 * 1024)
    expect((await verdict(endless, { body: 'y' })).healthy).toBe(false)
  })

  it('is not joined by a second one while it lasts', async () => {
    const origin = await started(() => {})
    const rig = new Rig()
    rig.probes.watch([backend(origin.url, { probe: { interval: 1, timeout: 10 } })])
    await origin.hit(0)
    rig.clock.advance(9000)
    expect(origin.hits).toHaveLength(1)
    rig.clock.advance(1000)
    await rig.done(1)
    rig.clock.advance(1000)
    await origin.hit(1)
  })

  it('adds its jitter to each interval', async () => {
    const origin = await started(ok)
    const rig = new Rig(() => 0.5)
    rig.probes.watch([backend(origin.url, { probe: { jitter: 2 } })])
    await rig.done(1)
    rig.clock.advance(5999)
    expect(origin.hits).toHaveLength(1)
    rig.clock.advance(1)
    await rig.done(2)
  })

  it('is counted with nobody’s requests', async () => {
    const origin = await started(ok)
    const rig = new Rig()
    const probed = backend(origin.url, { probe: {} })
    rig.probes.watch([probed])
    await rig.done(1)
    expect(rig.origins.ledger(probed).snapshot()).toMatchObject({ req: 0, conn: 0 })
  })
})

describe('the window', () => {
  it('turns a backend healthy with the third good one of eight, and sick when but two are left', async () => {
    let well = true
    const origin = await started((_hit, response) => response.writeHead(well ? 200 : 500).end())
    const rig = new Rig()
    const probed = backend(origin.url, { probe: { initial: 0 } })
    const states: string[] = []
    for (const good of [true, true, true, true, true, false, false, false, false, false, false, false]) {
      well = good
      if (states.length === 0) rig.probes.watch([probed])
      else rig.clock.advance(5000)
      await rig.done(states.length + 1)
      expect(rig.origins.healthy(probed)).toBe(rig.last.healthy)
      states.push(`${rig.last.report.history} ${rig.last.healthy ? 'healthy' : 'sick'}`)
    }
    expect(states).toEqual([
      ...['-------H sick', '------HH sick', '-----HHH healthy', '----HHHH healthy', '---HHHHH healthy'],
      ...[
        '--HHHHH- healthy',
        '-HHHHH-- healthy',
        'HHHHH--- healthy',
        'HHHH---- healthy',
        'HHH----- healthy',
        'HH------ sick',
        'H------- sick',
      ],
    ])
    expect(rig.events.map(({ health, window }) => [health, window])).toEqual([
      ['healthy', '-----HHH'],
      ['sick', 'HH------'],
    ])
  })

  it('is Varnish’s bitmap, whatever comes', () => {
    const shape = fc
      .integer({ min: 1, max: 64 })
      .chain((window) => fc.record({ window: fc.constant(window), threshold: fc.integer({ min: 1, max: window }), initial: fc.nat(64) }))
    fc.assert(
      fc.property(shape, fc.array(fc.boolean(), { maxLength: 200 }), ({ window, threshold, initial }, probes) => {
        const { probe } = backend('http://a.test', { probe: { window, threshold, initial } })
        const made = new ProbeWindow(probe as NonNullable<Backend['probe']>)
        // cache_backend_probe.c: a 64-bit map shifted by each probe; healthy if `threshold` of its last `window` bits are set.
        let happy = (1n << BigInt(Math.min(initial, threshold))) - 1n
        const healthy = (): boolean =>
          [...(happy & ((1n << BigInt(window)) - 1n)).toString(2)].filter((bit) => bit === '1').length >= threshold
        expect(made.healthy).toBe(healthy())
        for (const good of probes) {
          happy = ((happy << 1n) | (good ? 1n : 0n)) & 0xffff_ffff_ffff_ffffn
          made.record(good)
          expect(made.healthy).toBe(healthy())
        }
      }),
      { numRuns: 200 },
    )
  })

  it('begins one short of healthy: sick until the first probe is good', async () => {
    const origin = await started(ok)
    const rig = new Rig()
    const probed = backend(origin.url, { probe: {} })
    expect(rig.origins.healthy(probed)).toBe(false)
    rig.probes.watch([probed])
    await rig.done(1)
    expect(rig.origins.healthy(probed)).toBe(true)
  })
})

describe('a backend that its probes find sick', () => {
  it('lets nobody wait for a connection to it, unless an operator says that it is healthy', async () => {
    const origin = await started(() => {})
    for (const [health, code] of [
      ['auto', 'unhealthy'],
      ['healthy', null],
    ] as const) {
      const rig = new Rig()
      const probed = backend(origin.url, { maxConnections: 1, probe: { initial: 3 } })
      rig.origins.setHealth(probed, health)
      const [, waiting] = [begin(rig.origins.of(probed), get('/1')), begin(rig.origins.of(probed), get('/2'))]
      expect(rig.origins.load(probed)).toBe(2)
      rig.origins.setProbed(probed, false, null)
      await turns()
      expect(waiting?.failure?.code ?? null).toBe(code)
    }
  })
})

describe('the set of probes', () => {
  it('probes equal backends once, keeps their history, and ends with the last who names them', async () => {
    const origin = await started(ok)
    const rig = new Rig()
    const make = (): Backend => backend(origin.url, { probe: { body: /fine/ } })
    rig.probes.watch([make(), make()])
    await rig.done(1)
    rig.probes.watch([make(), backend('http://127.0.0.1:9')])
    rig.clock.advance(5000)
    await rig.done(2)
    expect(origin.hits).toHaveLength(2)
    expect(rig.last.report.history).toBe('----HHHH')
    rig.probes.watch([])
    rig.clock.advance(60_000)
    expect(origin.hits).toHaveLength(2)
  })

  it('probes the same server once for each way of asking', async () => {
    const origin = await started((hit, response) => response.writeHead(hit.url === '/good' ? 200 : 500).end())
    const rig = new Rig()
    const [good, bad] = ['/good', '/bad'].map((path) => backend(origin.url, { probe: { path } })) as [Backend, Backend]
    rig.probes.watch([good, bad])
    await rig.done(2)
    expect([rig.origins.healthy(good), rig.origins.healthy(bad)]).toEqual([true, false])
  })
})

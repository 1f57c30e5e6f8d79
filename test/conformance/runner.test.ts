/** The runner itself: with the origin alone as the "proxy", and with a proxy's answers in place of a real one. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { classify } from './classify.ts'
import { type ClientOptions, runTest } from './client.ts'
import { type Gate, gateFaults } from './gate.ts'
import { type Origin, startOrigin } from './origin.ts'
import type { Outcome } from './outcome.ts'
import { makeReport } from './report.ts'
import { type CacheTest, loadSuite, type Step, type Suite, SuiteError, validateSuite } from './suite.ts'

const closers: Array<() => Promise<void>> = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function direct(steps: readonly Step[], options: Partial<ClientOptions> = {}): Promise<Outcome> {
  const origin: Origin = await startOrigin()
  closers.push(() => origin.close())
  return runTest(scripted(steps), { base: `http://127.0.0.1:${origin.port}`, pause: async () => {}, ...options })
}

/** Everything is answered by `listener`, the configuration and the state too. */
async function answeredBy(listener: RequestListener, steps: readonly Step[], timeout = 10_000): Promise<Outcome> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return runTest(scripted(steps), { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pause: async () => {}, timeout })
}

function scripted(requests: readonly Step[]): CacheTest {
  return { id: 'one', name: 'One', requests }
}

describe('against the origin alone', () => {
  test('passes what needs no cache', async () => {
    expect(
      await direct([{ response_headers: [['Cache-Control', 'max-age=3600']], setup: true }, { expected_type: 'not_cached' }]),
    ).toBeNull()
  })

  test('tells an answer of the origin from one of a cache', async () => {
    const outcome = await direct([{ setup: true }, { expected_type: 'cached' }])
    expect(outcome).toEqual({ kind: 'assertion', reason: 'response 2 does not come from the cache' })
  })

  test('reports a failure of a setup step as setup', async () => {
    expect(await direct([{ setup: true }, { setup: true, expected_type: 'cached' }])).toMatchObject({ kind: 'setup' })
    expect(await direct([{}, { expected_type: 'cached', setup_tests: ['expected_type'] }])).toMatchObject({ kind: 'setup' })
  })

  test('pauses where a step says so and nowhere else', async () => {
    let pauses = 0
    const pause = async (): Promise<void> => {
      pauses++
    }
    await direct([{ pause_after: true }, {}, { pause_after: true }], { pause })
    expect(pauses).toBe(2)
  })

  test('sees interim responses with their fields, and demands their exact number', async () => {
    const lines = [
      ['link', '</a.css>; rel=preload'],
      ['x-my-header', 'test'],
    ] as const
    const step: Step = { interim_responses: [[102], [103, lines]], expected_interim_responses: [[102], [103, lines]] }
    expect(await direct([step])).toBeNull()
    expect(await direct([{ ...step, expected_interim_responses: [[102]] }])).toMatchObject({ kind: 'assertion' })
    expect(await direct([{ ...step, interim_responses: [[102]] }])).toMatchObject({ kind: 'assertion' })
  })

  test('the origin answers 304 to a matching validator and 999 to any other request when validation is due', async () => {
    const first: Step = { response_headers: [['ETag', '"a"']], setup: true }
    const conditional: Step = { expected_type: 'etag_validated', expected_status: 304, request_headers: [['If-None-Match', '"a"']] }
    expect(await direct([first, conditional])).toBeNull()
    expect(await direct([first, { expected_type: 'etag_validated' }])).toMatchObject({
      kind: 'assertion',
      reason: 'request 2 should have validated the stored response',
    })
  })

  test('dates in the script count from the clock of the origin, in the format asked for', async () => {
    const headers = [['Last-Modified', -3000]] as const
    const first: Step = { response_headers: headers, setup: true }
    const second: Step = {
      request_headers: [['If-Modified-Since', 0]],
      magic_ims: true,
      rfc850date: ['if-modified-since'],
      expected_request_headers: ['If-Modified-Since'],
    }
    const seen: string[] = []
    expect(await direct([first, second], { trace: (line) => seen.push(line) })).toBeNull()
    const imf = seen.find((line) => line.startsWith('client <   Last-Modified: '))?.slice(26) ?? ''
    const now = Number(seen.find((line) => line.startsWith('client <   Server-Now: '))?.slice(23))
    expect(Date.parse(imf)).toBe(Math.floor(now / 1000) * 1000 - 3_000_000)
    expect(seen.filter((line) => /client > {3}If-Modified-Since: \w+day, \d\d-\w{3}-\d\d [\d:]{8} GMT/.test(line))).toHaveLength(1)
  })

  test('demands that every scripted field arrives unchanged, duplicates in order, unless the script exempts it', async () => {
    const strip: RequestListener = (request, response) => {
      if (request.url?.startsWith('/state')) {
        response.end(
          JSON.stringify([{ request_num: 1, request_method: 'GET', request_headers: {}, response_headers: [['A', ['1', '2']]] }]),
        )
      } else response.writeHead(200, ['A', '2', 'A', '1']).end()
    }
    expect(await answeredBy(strip, [{ check_body: false }])).toEqual({ kind: 'setup', reason: 'response 1 has A "2, 1", not "1, 2"' })
    const duplicates: Step = {
      response_headers: [
        ['A', '1'],
        ['A', '2'],
        ['Date', 0],
      ],
    }
    expect(await direct([duplicates])).toBeNull()
  })
})

describe('against a misbehaving proxy', () => {
  test('reports a request repeated towards the origin as a retry', async () => {
    const outcome = await answeredBy((_, response) => response.writeHead(200, { 'Request-Numbers': '1 1' }).end(), [{ setup: true }])
    expect(outcome).toMatchObject({ kind: 'retry' })
  })

  test('reports a closed connection as a network failure', async () => {
    expect(await answeredBy((request) => request.socket.destroy(), [{}])).toMatchObject({ kind: 'network' })
  })

  test('sends a request again whose kept-alive connection was closed meanwhile, unless the origin hung up by script', async () => {
    const closeOnce = (): RequestListener => {
      let requests = 0
      return (request, response) => {
        if (request.url?.startsWith('/state')) response.end('[]')
        else if (++requests === 2) request.socket.destroy()
        else response.end('body')
      }
    }
    const step: Step = { expected_response_text: 'body' }
    expect(await answeredBy(closeOnce(), [step])).toBeNull()
    expect(await answeredBy(closeOnce(), [{ ...step, disconnect: true }])).toMatchObject({ kind: 'network' })
    expect(await answeredBy(closeOnce(), [{ ...step, request_method: 'POST' }])).toMatchObject({ kind: 'network' })
  })

  test('reports a body that breaks off as a network failure', async () => {
    const breakOff: RequestListener = (request, response) => {
      response.writeHead(200, { 'Content-Length': '10' }).write('12345', () => request.socket.destroy())
    }
    expect(await answeredBy(breakOff, [{}])).toMatchObject({ kind: 'network' })
  })

  test('reports an answer that never comes as a time-out', async () => {
    const silent: RequestListener = (request, response) => {
      if (request.url?.startsWith('/config')) response.writeHead(201).end()
    }
    expect(await answeredBy(silent, [{}], 50)).toMatchObject({ kind: 'timeout' })
  })

  test('fails a test whose request should have reached the origin and did not', async () => {
    const answerAlone: RequestListener = (request, response) => {
      if (request.url?.startsWith('/state')) response.writeHead(404).end()
      else response.writeHead(200, { 'Server-Request-Count': '1' }).end()
    }
    const outcome = await answeredBy(answerAlone, [{ expected_type: 'not_cached', setup: true, check_body: false }])
    expect(outcome).toEqual({ kind: 'assertion', reason: 'request 1 did not reach the origin' })
  })
})

describe('classification', () => {
  const suite: Suite = [
    {
      id: 'group',
      name: 'Group',
      tests: [
        { id: 'base', name: '', kind: 'check', requests: [{}] },
        { id: 'middle', name: '', kind: 'optimal', requests: [{}], depends_on: ['base'] },
        { id: 'top', name: '', requests: [{}], depends_on: ['middle'] },
      ],
    },
  ]
  const results = (outcomes: Array<[string, Outcome]>, withDependencies = true): string[] =>
    classify(suite, new Map(outcomes), withDependencies).map(({ result }) => result)
  const broken = { kind: 'assertion', reason: '' } as const

  test('names failures after the kind of test', () => {
    const all: Array<[string, Outcome]> = ['base', 'middle', 'top'].map((id) => [id, broken])
    expect(results(all, false)).toEqual(['no', 'optional_fail', 'fail'])
  })

  test('greys a test when anything it builds on, at any depth, is not passed', () => {
    expect(
      results([
        ['base', broken],
        ['middle', null],
        ['top', null],
      ]),
    ).toEqual(['no', 'dependency_fail', 'dependency_fail'])
    expect(
      results([
        ['base', null],
        ['middle', null],
        ['top', null],
      ]),
    ).toEqual(['yes', 'pass', 'pass'])
    expect(results([['middle', null]], false)).toEqual(['untested', 'pass', 'untested'])
  })

  test('keeps what could not be carried out apart from what failed', () => {
    const kinds = ['setup', 'retry', 'timeout', 'network'] as const
    const each = kinds.map((kind) => results([['top', { kind, reason: '' }]], false)[2])
    expect(each).toEqual(['setup_fail', 'retry', 'harness_fail', 'fail'])
  })
})

describe('the gate', () => {
  const suite: Suite = [{ id: 'g', name: 'G', tests: ['a', 'b', 'c'].map((id) => ({ id, name: id, requests: [{}] })) }]
  const gate: Gate = { required: { minimum: 2, of: 3 }, optimal: { minimum: 0, of: 0 }, refused: { a: 'on purpose' } }
  const faults = (failing: string[]): string[] => {
    const outcomes = new Map<string, Outcome>(
      ['a', 'b', 'c'].map((id) => [id, failing.includes(id) ? { kind: 'setup', reason: 'r' } : null]),
    )
    return gateFaults(makeReport('t', classify(suite, outcomes, true)), gate, false)
  }

  test('lets only the named tests fail', () => {
    expect(faults([])).toEqual([])
    expect(faults(['a'])).toEqual([])
    expect(faults(['b'])).toEqual(['b must pass: setup_fail (r)'])
  })

  test('demands the minimum and the whole suite', () => {
    expect(faults(['a', 'b'])).toContain('1 required tests pass, at least 2 must')
    const report = makeReport('t', classify(suite, new Map([['b', null]]), true))
    expect(gateFaults(report, gate, false)).toContain('the suite holds 1 required tests, not 3')
    expect(gateFaults(report, gate, true)).toEqual([])
  })
})

describe('the suite file', () => {
  test('a missing file is one clear line', () => {
    expect(() => loadSuite('/nonexistent/suite.json')).toThrow(/^cannot read the cache test suite \/nonexistent\/suite\.json: /)
    expect(() => loadSuite('/nonexistent/suite.json')).toThrow(SuiteError)
  })

  test('anything the runner would not check is refused', () => {
    const withStep =
      (step: object): (() => Suite) =>
      () =>
        validateSuite([{ id: 'g', name: 'G', tests: [{ id: 'a', name: 'A', requests: [step] }] }], 'x')
    expect(withStep({ expected_type: 'cached', response_headers: [['A', 'b', false]] })).not.toThrow()
    expect(withStep({ expected_colour: 'red' })).toThrow('a: request 1: the runner does not know the member expected_colour')
    expect(withStep({ expected_type: 'lukewarm' })).toThrow('expected_type has an unexpected value "lukewarm"')
    expect(withStep({ interim_responses: [[104]] })).toThrow('interim_responses')
    expect(() => validateSuite([], 'x')).toThrow('the cache test suite x is malformed: expected a non-empty array of groups')
    const dangling = [{ id: 'g', name: 'G', tests: [{ id: 'a', name: 'A', requests: [{}], depends_on: ['z'] }] }]
    expect(() => validateSuite(dangling, 'x')).toThrow('a depends on z, which does not exist')
  })
})

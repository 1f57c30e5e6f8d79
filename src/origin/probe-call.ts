/** One probe: the request, and the verdict on what came of it. */
import type { Backend } from '../../vcl-ts/backend.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { isExpected, type Probe } from '../../vcl-ts/probe.ts'
import type { Body, BodyFlow } from '../body/body.ts'
import type { Clock } from '../clock.ts'
import type { Origin, OriginCall, OriginFailure, OriginObserver, OriginRequest, OriginResponse } from './exchange.ts'

/** Bytes of a body that are read; what comes behind them is not looked at. */
const MOST_BODY = 64 * 1024

export interface Verdict {
  readonly good: boolean
  /** In words: `200`, `503, expected 200`, `connect_refused`. */
  readonly reason: string
}

export class ProbeCall implements OriginObserver {
  readonly #probe: Probe
  readonly #done: (verdict: Verdict) => void
  readonly #stopTimer: () => void
  #call: OriginCall | null = null
  #flow: BodyFlow | null = null
  #over = false
  #chunks: Buffer[] = []
  #bytes = 0

  /** `done` is called once, later, unless the probe is cancelled before. */
  constructor(backend: Backend, probe: Probe, origin: Origin, clock: Clock, done: (verdict: Verdict) => void) {
    this.#probe = probe
    this.#done = done
    const timer = clock.after(probe.timeout * 1000, () => this.#end(false, `no answer within ${probe.timeout} s`))
    this.#stopTimer = () => timer.cancel()
    this.#call = origin.send(probeRequest(backend, probe, origin), this)
  }

  /** Nothing is told any more. */
  cancel(): void {
    if (this.#over) return
    this.#over = true
    this.#letGo()
  }

  interim(_status: number, _reason: string, _headers: HeaderMap): void {}

  response({ status }: OriginResponse, body: Body | null): void {
    if (this.#over) return
    if (!isExpected(this.#probe, status)) this.#end(false, `${status}, expected ${shown(this.#probe)}`)
    else if (body === null) this.#judge(status)
    else this.#read(status, body)
  }

  upgraded(): void {
    this.#end(false, 'it changed the protocol')
  }

  failed(failure: OriginFailure): void {
    this.#end(false, `${failure.code}: ${failure.message}`)
  }

  #read(status: number, body: Body): void {
    const flow = body.read({
      chunk: (bytes) => {
        if (this.#over) return true
        this.#chunks.push(Buffer.from(bytes.subarray(0, MOST_BODY - this.#bytes)))
        this.#bytes += bytes.length
        if (this.#bytes >= MOST_BODY) this.#judge(status)
        return true
      },
      end: (end) => {
        if (end.type === 'complete') this.#judge(status)
        else this.#end(false, 'its answer broke off')
      },
    })
    if (this.#over) flow.cancel(new Error('the probe has seen enough'))
    else this.#flow = flow
  }

  #judge(status: number): void {
    const { body } = this.#probe
    const text = body === null ? '' : Buffer.concat(this.#chunks).toString()
    const holds = body === null || (typeof body === 'string' ? text.includes(body) : text.search(body) >= 0)
    this.#end(holds, holds ? String(status) : `${status}, but its body does not match ${String(body)}`)
  }

  #end(good: boolean, reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#letGo()
    this.#done({ good, reason })
  }

  #letGo(): void {
    this.#stopTimer()
    this.#flow?.cancel(new Error('the probe is over'))
    this.#call?.cancel()
    this.#flow = null
    this.#call = null
    this.#chunks = []
  }
}

function shown({ expected }: Probe): string {
  return 'below' in expected ? `below ${expected.below}` : expected.join(' or ')
}

function probeRequest({ hostHeader }: Backend, { method, url, headers, timeout }: Probe, origin: Origin): OriginRequest {
  const host = headers.some(([name]) => name.toLowerCase() === 'host') ? [] : [['Host', hostHeader ?? origin.hostHeader]]
  const agent = headers.some(([name]) => name.toLowerCase() === 'user-agent') ? [] : [['User-Agent', 'Clearcoat-Probe']]
  return {
    method,
    target: url,
    fieldLines: [...host, ...agent, ...headers].map(([name, value]) => `${name}: ${value}\r\n`).join(''),
    body: null,
    announceEmpty: false,
    upgrade: null,
    client: null,
    deadlines: { connect: timeout, firstByte: timeout, betweenBytes: timeout },
    replayable: false,
  }
}

/**
 * The parameters: what can be set while the server runs, by Varnish's names where it has one. A change holds for what begins after it.
 */
import { type Decisions, decisionsFor, type PresetName } from '../../vcl-ts/builtin/decisions.ts'
import { nearest } from '../../vcl-ts/nearest.ts'
import { ConfigError } from './config-error.ts'
import { count, duration, type Kind, size } from './option-kinds.ts'
import {
  type BanSettings,
  type Deadlines,
  defaultBans,
  defaultDeadlines,
  defaultLimits,
  defaultShortlived,
  type Limits,
  type Settings,
} from './settings.ts'

/** Settings whose tunable parts can be replaced. A part is never changed within: who compares two sees whether anything is new. */
type Tunable = 'limits' | 'deadlines' | 'bans' | 'shortlived'
export type TunableSettings = Omit<Settings, Tunable> & { -readonly [K in Tunable]: Settings[K] }

type Lifetimes = 'defaultTtl' | 'defaultGrace' | 'keepWithValidator' | 'uncacheableTtl'

/** A preset's decisions, of which some numbers can be set. Everybody who decides holds this one object. */
export type TunableDecisions = Omit<Decisions, Lifetimes> & { -readonly [K in Lifetimes]: Decisions[K] }

export type ParamUnit = 'seconds' | 'bytes' | 'fields' | 'restarts' | 'retries' | 'requests' | 'levels'

interface Target {
  readonly settings: TunableSettings
  readonly decisions: TunableDecisions
}

export interface Parameter {
  readonly name: string
  readonly unit: ParamUnit
  readonly min: number
  readonly max: number
  readonly prose: string
  readonly defaultOf: (preset: PresetName) => number
  readonly read: (target: Target) => number
  readonly write: (target: Target, value: number) => void
}

/** A parameter as it stands. */
export interface ParamValue {
  readonly name: string
  readonly value: number
  readonly default: number
  readonly unit: ParamUnit
  readonly min: number
  readonly max: number
  readonly prose: string
}

/** A parameter that does not exist, or a value that it cannot have. */
export class ParamError extends ConfigError {
  readonly code: 'unknown' | 'value'

  constructor(code: 'unknown' | 'value', complaint: ConstructorParameters<typeof ConfigError>[0]) {
    super(complaint)
    this.code = code
  }
}

/** Seconds that a timer can carry. */
const LONGEST_DEADLINE = 2_147_483
/** RFC 9111 §1.2.2. */
const LONGEST_LIFE = 2 ** 31
const KIB = 1024
const MIB = 1024 * KIB

const lifetime = (name: string, key: Lifetimes, prose: string): Parameter => ({
  name,
  unit: 'seconds',
  min: 0,
  max: LONGEST_LIFE,
  prose,
  defaultOf: (preset) => decisionsFor(preset)[key],
  read: ({ decisions }) => decisions[key],
  write: ({ decisions }, value) => {
    decisions[key] = value
  },
})

const deadline = (name: string, key: keyof Deadlines, prose: string): Parameter => ({
  name,
  unit: 'seconds',
  min: 0.01,
  max: LONGEST_DEADLINE,
  prose,
  defaultOf: () => defaultDeadlines[key],
  read: ({ settings }) => settings.deadlines[key],
  write: ({ settings }, value) => {
    settings.deadlines = { ...settings.deadlines, [key]: value }
  },
})

const limit = (name: string, key: keyof Limits, unit: ParamUnit, min: number, max: number, prose: string): Parameter => ({
  name,
  unit,
  min,
  max,
  prose,
  defaultOf: () => defaultLimits[key],
  read: ({ settings }) => settings.limits[key],
  write: ({ settings }, value) => {
    settings.limits = { ...settings.limits, [key]: value }
  },
})

const ban = (name: string, key: keyof BanSettings, prose: string): Parameter => ({
  name,
  unit: 'seconds',
  min: 0,
  max: LONGEST_DEADLINE,
  prose,
  defaultOf: () => defaultBans[key],
  read: ({ settings }) => settings.bans[key],
  write: ({ settings }, value) => {
    settings.bans = { ...settings.bans, [key]: value }
  },
})

/** Every parameter, in alphabetical order. */
export const PARAMETERS: readonly Parameter[] = [
  deadline('backend_idle_timeout', 'originIdle', 'An idle connection to an origin server is closed after this time.'),
  limit('backend_wait_limit', 'originQueue', 'requests', 0, 2 ** 31 - 1, 'Requests that may wait for a connection to one origin server.'),
  deadline('backend_wait_timeout', 'originQueue', 'A request waits so long for a free connection to its origin server.'),
  ban('ban_lurker_age', 'lurkerAge', 'The lurker begins to test stored objects against a ban when the ban is so old.'),
  deadline(
    'between_bytes_timeout',
    'betweenBytes',
    'Longest time between two reads of an origin server’s answer. A backend’s own value, and the policy’s, come first.',
  ),
  deadline(
    'connect_timeout',
    'connect',
    'Longest time to connect to an origin server. A backend’s own value, and the policy’s, come first.',
  ),
  lifetime(
    'default_grace',
    'defaultGrace',
    'Grace of an object whose answer has no stale-while-revalidate: 10 under the preset varnish, else 0. Answers that forbid stale use get none.',
  ),
  lifetime(
    'default_keep',
    'keepWithValidator',
    'An object with a validator is kept so long past its life to be confirmed by its origin: 0 under the preset varnish, else 3600.',
  ),
  lifetime(
    'default_ttl',
    'defaultTtl',
    'Lifetime of an answer that says nothing about it: 120 under the preset varnish. Under safe and rfc9111 it is 0, which means a heuristic lifetime by Last-Modified and else none; more than 0 comes after the heuristic, for statuses that allow one.',
  ),
  deadline(
    'first_byte_timeout',
    'firstByte',
    'Longest time until an origin server’s answer begins. A backend’s own value, and the policy’s, come first. Requests wait no longer than this for another’s fetch.',
  ),
  deadline('hook_timeout', 'hook', 'Longest time that a hook’s promise may take; then the hook has failed.'),
  limit('http_max_hdr', 'requestFields', 'fields', 1, 10_000, 'Fields of a request; more are answered 431.'),
  limit('http_req_hdr_len', 'requestLine', 'bytes', 256, 16 * MIB, 'Longest line of a request’s head, and longest target.'),
  limit('http_req_size', 'requestHead', 'bytes', KIB, 16 * MIB, 'Largest head of a request.'),
  limit(
    'http_resp_hdr_len',
    'originLine',
    'bytes',
    256,
    16 * MIB,
    'Longest line in the head of an origin server’s answer; with a longer one the fetch fails.',
  ),
  limit('http_resp_max_hdr', 'originFields', 'fields', 1, 10_000, 'Fields of an origin server’s answer; with more the fetch fails.'),
  limit(
    'http_resp_size',
    'originHead',
    'bytes',
    KIB,
    16 * MIB,
    'Largest head of an origin server’s answer; with a larger one the fetch fails.',
  ),
  deadline('idle_send_timeout', 'sendIdle', 'A client that takes nothing of its answer for so long is cut off.'),
  limit('max_esi_depth', 'esiDepth', 'levels', 0, 100, 'So deep pages include each other; what is included below is left out.'),
  limit('max_restarts', 'restarts', 'restarts', 0, 100, 'Restarts of one request; more are answered 503.'),
  limit('max_retries', 'retries', 'retries', 0, 100, 'Retries of one fetch; with more it fails.'),
  limit('max_waiters', 'waiters', 'requests', 0, 2 ** 31 - 1, 'Requests that may wait for one fetch; more are answered 503.'),
  deadline('send_timeout', 'sendTotal', 'Longest time that one answer may stall in all while it is sent.'),
  {
    name: 'shortlived',
    unit: 'seconds',
    min: 0,
    max: LONGEST_LIFE,
    prose:
      'Objects that are kept for less than this in all are counted as beresp_shortlived. There is one store, so nothing else depends on it.',
    defaultOf: () => defaultShortlived,
    read: ({ settings }) => settings.shortlived,
    write: ({ settings }, value) => {
      settings.shortlived = value
    },
  },
  deadline('timeout_idle', 'idle', 'An idle client connection is closed after this time, which is announced as Keep-Alive.'),
  deadline('timeout_req', 'head', 'Longest time from the first byte of a request’s head to its end.'),
  lifetime(
    'uncacheable_ttl',
    'uncacheableTtl',
    'For so long it is remembered that an answer could not be shared, where the policy says nothing else.',
  ),
]

const BY_NAME: ReadonlyMap<string, Parameter> = new Map(PARAMETERS.map((each) => [each.name, each]))
const NAMES: readonly string[] = PARAMETERS.map(({ name }) => name)

/** The parameters of one process. It alone changes settings that run. */
export class Params {
  readonly settings: TunableSettings
  readonly decisions: TunableDecisions
  #changed: ((name: string, value: number) => void) | null = null

  constructor(settings: TunableSettings) {
    this.settings = settings
    this.decisions = { ...decisionsFor(settings.preset) }
  }

  list(): readonly ParamValue[] {
    return PARAMETERS.map((each) => this.#value(each))
  }

  /** Throws a `ParamError` for an unknown name. */
  get(name: string): ParamValue {
    return this.#value(find(name))
  }

  /** `value` is a number of the unit, or text with a unit: `10s`, `32k`. Throws a `ParamError`; then nothing has changed. */
  set(name: string, value: string | number): ParamValue {
    const parameter = find(name)
    return this.#write(parameter, parsed(parameter, value))
  }

  /** To the default of the preset, whatever it was at the start. Throws a `ParamError` for an unknown name. */
  reset(name: string): ParamValue {
    const parameter = find(name)
    return this.#write(parameter, parameter.defaultOf(this.settings.preset))
  }

  /** Is told of what is set from now on. */
  onSet(changed: (name: string, value: number) => void): void {
    this.#changed = changed
  }

  #write(parameter: Parameter, value: number): ParamValue {
    parameter.write(this, value)
    this.#changed?.(parameter.name, value)
    return this.#value(parameter)
  }

  #value({ name, unit, min, max, prose, defaultOf, read }: Parameter): ParamValue {
    return { name, value: read(this), default: defaultOf(this.settings.preset), unit, min, max, prose }
  }
}

/** Sets several before the start. Throws a `ParamError`. */
export function applyParams(params: Params, pairs: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(pairs)) params.set(name, value)
}

/** As `param.show` and the reference show it: `120.000`, `32k`, `4`. */
export function formatParam(unit: ParamUnit, value: number): string {
  if (unit === 'seconds') return value.toFixed(3)
  if (unit !== 'bytes') return String(value)
  if (value > 0 && value % MIB === 0) return `${value / MIB}M`
  return value > 0 && value % KIB === 0 ? `${value / KIB}k` : `${value}b`
}

function find(name: string): Parameter {
  const parameter = BY_NAME.get(name)
  if (parameter !== undefined) return parameter
  const close = nearest(name, NAMES)
  throw new ParamError('unknown', {
    what: `there is no parameter ${JSON.stringify(name)}`,
    why: 'no parameter has this name',
    how: close === null ? 'param.show lists them all' : `did you mean ${close}? param.show lists them all`,
  })
}

function parsed(parameter: Parameter, value: string | number): number {
  const { name, unit, min, max } = parameter
  const kind = kindOf(parameter)
  const read = kind.schema.safeParse(typeof value === 'number' ? value : kind.read([value.replace(/b$/i, '')]))
  if (read.success) return read.data
  throw new ParamError('value', {
    what: `${name} cannot be ${JSON.stringify(value)}`,
    why: `it takes ${unit} from ${formatParam(unit, min)} to ${formatParam(unit, max)}`,
    how: `write it as ${unit === 'seconds' ? '10s, 500ms or 5m' : unit === 'bytes' ? '32k or 1M' : 'a whole number'}`,
  })
}

function kindOf({ unit, min, max }: Parameter): Kind<number> {
  switch (unit) {
    case 'seconds':
      return duration(min, max)
    case 'bytes':
      return size(min, max)
    case 'fields':
    case 'restarts':
    case 'retries':
    case 'requests':
    case 'levels':
      return count(min, max)
    default:
      return unit satisfies never
  }
}

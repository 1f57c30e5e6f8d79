/** VCL's variables as what policies have: how each is read, set and unset. The names are those of the table in `../variables.ts`. */
import type { VariableExpression } from '../checked-ast.ts'
import { BINDING, call, type Js, js, member, number, quoted } from './javascript.ts'
import type { Scope } from './scope.ts'

interface Use {
  readonly scope: Scope
  /** A field's name, or a storage's. */
  readonly name: string
  readonly expression: VariableExpression
}

interface Variable {
  readonly read?: (use: Use) => Js
  /** The statement; `null`: there is nothing to do, `nothing` says why. */
  readonly write?: (use: Use, value: Js) => string | null
  readonly unset?: (use: Use) => string | null
  /** Why it cannot be read or set, or why setting it does nothing. */
  readonly why?: string
}

/** `noun.property`, read and written under the same name. */
function property(noun: string, name: string): Variable {
  const path = ({ scope }: Use): Js => member(js(scope.use(noun)), name)
  return { read: path, write: (use, value) => `${path(use).code} = ${value.code}` }
}

function readOnly(noun: string, name: string): Variable {
  return { read: ({ scope }) => member(js(scope.use(noun)), name) }
}

/** Of the client and its connection, which fetches have no noun for. */
function ofClient(field: string, noun: string, property: string): Variable {
  return {
    read: ({ scope }) =>
      scope.isBackendSide
        ? js(scope.carry(field, "''", noun, `${noun}.${property}`), BINDING.member)
        : member(js(scope.use(noun)), property),
  }
}

function noun(name: string): Variable {
  return { read: ({ scope }) => js(scope.use(name)) }
}

function fields(noun: string): Variable {
  const headers = ({ scope }: Use): string => `${scope.use(noun)}.headers`
  return {
    read: (use) => js(`${headers(use)}.get(${quoted(use.name)})`, BINDING.member, { unset: true }),
    write: (use, value) => `${headers(use)}.set(${quoted(use.name)}, ${value.code})`,
    unset: (use) => `${headers(use)}.delete(${quoted(use.name)})`,
  }
}

function always(value: (use: Use) => Js, why?: string): Variable {
  return why === undefined ? { read: value } : { read: value, write: () => null, unset: () => null, why }
}

function untranslatable(why: string): Variable {
  return { why }
}

const NOW: Variable = { read: ({ scope }) => js(scope.use('now')) }
const SECONDS_LEFT: Variable = { read: ({ scope }) => js(`${scope.use('now')} - ${scope.use('obj')}.age`, BINDING.sum) }
const FALSE = always(() => js('false'), 'every transaction is traced, or none is')
const SENT_AS: Variable = { ...always(() => js("'HTTP/1.1'")), why: 'the version of HTTP is that of the connection' }
const ONE_STORE: Variable = always(() => js("'s0'"), 'there is one memory, which knows by itself what is short-lived')
const SOCKET_TIME = untranslatable('the time limits of client connections are options of the server: --deadline-idle, --deadline-send')
const OUR_FILTERS = untranslatable('filters are functions here: beresp.esi, beresp.compress, beresp.filters and resp.filters')
const KEY_AS_BLOB = untranslatable('the key is not told to a policy; directors that choose by it are consistent() and hash() with by: hash')

function limit(name: 'ttl' | 'grace'): Variable {
  const path = ({ scope }: Use): string => `${scope.use('req')}.${name}`
  return {
    read: (use) => js(`${path(use)} ?? -1`, BINDING.nullish),
    write: (use, value) => `${path(use)} = ${value.code}`,
    unset: (use) => `${path(use)} = null`,
  }
}

/** `null` is the default backend, which VCL shows. */
function backendOf(noun: string): Variable {
  return {
    read: ({ scope }) => {
      const { defaultBackend } = scope.module
      const path = `${scope.use(noun)}.backend`
      if (defaultBackend === null) return js(path, BINDING.member)
      return js(`${path} ?? ${scope.module.backend(defaultBackend.name)}`, BINDING.nullish)
    },
    write: ({ scope }, value) => `${scope.use(noun)}.backend = ${value.code}`,
  }
}

function param(value: number): Variable {
  return { read: () => number(value) }
}

function top(name: string): Variable {
  return { read: ({ scope }) => js(`${scope.use('req')}.top.${name}`, BINDING.member) }
}

const HOST_NAME: Variable = {
  read: ({ scope }) => js(scope.module.constant('machine', `${scope.module.node('node:os', 'hostname')}()`)),
}

const TIMEOUT = 'its default is the backend’s, which a policy cannot ask for'
function timeout(name: string): Variable {
  return { ...property('bereq', name), why: TIMEOUT }
}

const DO_GZIP: Variable = {
  read: ({ scope }) => js(`${scope.use('beresp')}.compress === 'gzip'`, BINDING.equal),
  write: ({ scope }, value) => {
    const path = `${scope.use('beresp')}.compress`
    if (value.code === 'true') return `${path} = 'gzip'`
    return value.code === 'false' ? `${path} = null` : `${path} = ${value.code} ? 'gzip' : null`
  },
}

const DO_GUNZIP: Variable = {
  read: ({ scope }) => js(`${scope.use('beresp')}.compress === false`, BINDING.equal),
  write: ({ scope }, value) => {
    if (value.code === 'false') return null
    const { module } = scope
    const act = `${module.lib('gunzip')}(${scope.use('beresp')})`
    return value.code === 'true' ? act : `if (${value.code}) ${act}`
  },
  why: 'it is stored as it came unless something says otherwise',
}

const STORAGE_ROOM = untranslatable('room and use of the memory are told by clearcoat stat (SMA.s0.g_bytes, g_space), not to a policy')

function proto(noun: string): Variable {
  return { read: ({ scope }) => call(scope.module.lib('proto'), [js(`${scope.use(noun)}.proto`, BINDING.member)]), why: SENT_AS.why ?? '' }
}

export const EMITTED_VARIABLES: Readonly<Record<string, Variable>> = {
  now: NOW,
  'client.ip': ofClient('clientIp', 'client', 'ip'),
  'client.identity': { ...property('client', 'identity'), ...ofClient('identity', 'client', 'identity') },
  'server.ip': ofClient('localIp', 'session', 'localIp'),
  'server.hostname': HOST_NAME,
  'server.identity': HOST_NAME,
  'remote.ip': ofClient('remoteIp', 'client', 'remoteIp'),
  'local.ip': ofClient('localIp', 'session', 'localIp'),
  'local.endpoint': {
    read: ({ scope }) =>
      scope.isBackendSide
        ? js(scope.carry('endpoint', "''", 'session', `${scope.module.lib('endpoint')}(session)`), BINDING.member)
        : call(scope.module.lib('endpoint'), [js(scope.use('session'))]),
  },
  'local.socket': always(() => js("'a0'")),
  'sess.xid': {
    read: ({ scope }) => call(scope.module.lib('xid'), [js(`${scope.use(scope.isBackendSide ? 'bereq' : 'req')}.id`, BINDING.member)]),
  },
  'sess.timeout_idle': SOCKET_TIME,
  'sess.timeout_linger': SOCKET_TIME,
  'sess.idle_send_timeout': SOCKET_TIME,
  'sess.send_timeout': SOCKET_TIME,

  req: noun('req'),
  bereq: noun('bereq'),
  beresp: noun('beresp'),
  resp: noun('resp'),

  'req.method': property('req', 'method'),
  'req.url': property('req', 'url'),
  'req.http.*': fields('req'),
  'req.proto': proto('req'),
  'req.backend_hint': backendOf('req'),
  'req.restarts': readOnly('req', 'restarts'),
  'req.xid': { read: ({ scope }) => call(scope.module.lib('xid'), [js(`${scope.use('req')}.id`, BINDING.member)]) },
  'req.esi_level': readOnly('req', 'esiLevel'),
  'req.esi': property('req', 'esi'),
  'req.hash': KEY_AS_BLOB,
  'req.hash_always_miss': property('req', 'hashAlwaysMiss'),
  'req.hash_ignore_busy': property('req', 'hashIgnoreBusy'),
  'req.hash_ignore_vary': property('req', 'hashIgnoreVary'),
  'req.grace': limit('grace'),
  'req.ttl': limit('ttl'),
  'req.max_age': limit('ttl'),
  'req.can_gzip': { read: ({ scope }) => call(scope.module.lib('canGzip'), [js(scope.use('req'))]) },
  'req.is_hitmiss': readOnly('req', 'isHitMiss'),
  'req.is_hitpass': readOnly('req', 'isHitPass'),
  'req.storage': ONE_STORE,
  'req.filters': OUR_FILTERS,
  'req.time': NOW,
  'req.transport': { read: ({ scope }) => call(scope.module.lib('transport'), [js(scope.use('req'))]) },
  'req.trace': FALSE,

  'req_top.method': top('method'),
  'req_top.url': top('url'),
  'req_top.http.*': {
    read: ({ scope, name }) => js(`${scope.use('req')}.top.headers.get(${quoted(name)})`, BINDING.member, { unset: true }),
  },
  'req_top.proto': { read: ({ scope }) => call(scope.module.lib('proto'), [js(`${scope.use('req')}.proto`, BINDING.member)]) },
  'req_top.time': NOW,

  'bereq.method': property('bereq', 'method'),
  'bereq.url': property('bereq', 'url'),
  'bereq.http.*': fields('bereq'),
  'bereq.proto': SENT_AS,
  'bereq.backend': backendOf('bereq'),
  'bereq.connect_timeout': timeout('connectTimeout'),
  'bereq.first_byte_timeout': timeout('firstByteTimeout'),
  'bereq.between_bytes_timeout': timeout('betweenBytesTimeout'),
  'bereq.body': { unset: ({ scope }) => `${scope.use('bereq')}.dropBody()` },
  'bereq.retries': readOnly('bereq', 'retries'),
  'bereq.retry_connect': always(() => js('true'), 'a connection that was lost is tried again where that is safe'),
  'bereq.is_bgfetch': readOnly('bereq', 'isBgfetch'),
  'bereq.is_hitmiss': readOnly('bereq', 'isHitMiss'),
  'bereq.is_hitpass': readOnly('bereq', 'isHitPass'),
  'bereq.uncacheable': readOnly('bereq', 'uncacheable'),
  'bereq.hash': KEY_AS_BLOB,
  'bereq.xid': { read: ({ scope }) => call(scope.module.lib('xid'), [js(`${scope.use('bereq')}.id`, BINDING.member)]) },
  'bereq.time': NOW,
  'bereq.trace': FALSE,
  'bereq.filters': OUR_FILTERS,
  'bereq.task_deadline': untranslatable('a tunnel has no deadline for its whole life'),

  'beresp.status': property('beresp', 'status'),
  'beresp.reason': property('beresp', 'reason'),
  'beresp.http.*': fields('beresp'),
  'beresp.proto': SENT_AS,
  'beresp.ttl': property('beresp', 'ttl'),
  'beresp.grace': property('beresp', 'grace'),
  'beresp.keep': property('beresp', 'keep'),
  'beresp.age': readOnly('beresp', 'age'),
  'beresp.uncacheable': property('beresp', 'uncacheable'),
  'beresp.do_esi': property('beresp', 'esi'),
  'beresp.do_gzip': DO_GZIP,
  'beresp.do_gunzip': DO_GUNZIP,
  'beresp.do_stream': property('beresp', 'stream'),
  'beresp.filters': OUR_FILTERS,
  'beresp.storage': ONE_STORE,
  'beresp.storage_hint': ONE_STORE,
  'beresp.transit_buffer': always(() => number(0), 'what a client has not taken is never read ahead without bound'),
  'beresp.backend': {
    read: ({ scope }) => {
      scope.module.namesBackends = true
      return call(scope.module.lib('backendAt'), [js(`${scope.use('beresp')}.backend`, BINDING.member), js('backends')])
    },
  },
  'beresp.backend.name': {
    read: ({ scope }) => {
      scope.module.namesBackends = true
      return call(scope.module.lib('backendName'), [js(`${scope.use('beresp')}.backend`, BINDING.member), js('backends')])
    },
  },
  'beresp.backend.ip': untranslatable('a backend is known by its name here, and may have many addresses'),
  'beresp.body': property('beresp', 'body'),
  'beresp.was_304': readOnly('beresp', 'was304'),
  'beresp.time': NOW,

  'obj_stale.age': readOnly('objStale', 'age'),
  'obj_stale.can_esi': readOnly('objStale', 'esi'),
  'obj_stale.grace': readOnly('objStale', 'grace'),
  'obj_stale.hits': readOnly('objStale', 'hits'),
  'obj_stale.http.*': fields('objStale'),
  'obj_stale.is_valid': readOnly('objStale', 'isValid'),
  'obj_stale.keep': readOnly('objStale', 'keep'),
  'obj_stale.proto': always(() => js("'HTTP/1.1'")),
  'obj_stale.reason': readOnly('objStale', 'reason'),
  'obj_stale.status': readOnly('objStale', 'status'),
  'obj_stale.storage': always(() => js("'s0'")),
  'obj_stale.time': { read: ({ scope }) => js(`${scope.use('now')} - ${scope.use('objStale')}.age`, BINDING.sum) },
  'obj_stale.ttl': readOnly('objStale', 'ttl'),
  'obj_stale.uncacheable': readOnly('objStale', 'uncacheable'),

  'obj.hits': readOnly('obj', 'hits'),
  'obj.ttl': readOnly('obj', 'ttl'),
  'obj.age': readOnly('obj', 'age'),
  'obj.grace': readOnly('obj', 'grace'),
  'obj.keep': readOnly('obj', 'keep'),
  'obj.storage': always(() => js("'s0'")),
  'obj.can_esi': readOnly('obj', 'esi'),
  'obj.time': SECONDS_LEFT,
  'obj.http.*': fields('obj'),
  'obj.status': readOnly('obj', 'status'),
  'obj.reason': readOnly('obj', 'reason'),
  'obj.proto': always(() => js("'HTTP/1.1'")),
  'obj.uncacheable': readOnly('obj', 'uncacheable'),

  'resp.status': property('resp', 'status'),
  'resp.reason': property('resp', 'reason'),
  'resp.http.*': fields('resp'),
  'resp.proto': SENT_AS,
  'resp.body': property('resp', 'body'),
  'resp.do_esi': property('req', 'esi'),
  'resp.filters': OUR_FILTERS,
  'resp.is_streaming': readOnly('resp', 'isStreaming'),
  'resp.time': NOW,

  'storage.*.free_space': STORAGE_ROOM,
  'storage.*.used_space': STORAGE_ROOM,
  'storage.*.happy': always(() => js('true')),

  'param.backend_idle_timeout': param(60),
  'param.backend_wait_limit': param(0),
  'param.backend_wait_timeout': param(0),
  'param.between_bytes_timeout': param(60),
  'param.connect_timeout': param(3.5),
  'param.default_grace': param(10),
  'param.default_keep': param(0),
  'param.default_ttl': param(120),
  'param.first_byte_timeout': param(60),
  'param.idle_send_timeout': param(60),
  'param.max_esi_depth': param(5),
  'param.max_restarts': param(4),
  'param.max_retries': param(4),
  'param.pipe_task_deadline': param(0),
  'param.pipe_timeout': param(60),
  'param.send_timeout': param(600),
  'param.shortlived': param(10),
  'param.timeout_idle': param(60),
  'param.transit_buffer': param(0),
  'param.uncacheable_ttl': param(120),
}

/** Throws a `Refusal` for what has no translation. */
export function readVariable(expression: VariableExpression, scope: Scope): Js {
  const { read, why } = variableOf(expression)
  if (read === undefined) scope.refuse(expression.span, `${shown(expression)} has no counterpart`, why ?? null)
  return read({ scope, name: nameOf(expression), expression })
}

/** What setting it takes, or why nothing does. Throws a `Refusal`. */
export function writeVariable(expression: VariableExpression, value: Js, scope: Scope): string | { readonly nothing: string } {
  const { write, why } = variableOf(expression)
  if (write === undefined) scope.refuse(expression.span, `${shown(expression)} cannot be set`, why ?? null)
  return write({ scope, name: nameOf(expression), expression }, value) ?? { nothing: why ?? '' }
}

export function unsetVariable(expression: VariableExpression, scope: Scope): string | { readonly nothing: string } {
  const { unset, why } = variableOf(expression)
  if (unset === undefined) scope.refuse(expression.span, `${shown(expression)} cannot be unset`, why ?? null)
  return unset({ scope, name: nameOf(expression), expression }) ?? { nothing: why ?? '' }
}

function variableOf({ variable }: VariableExpression): Variable {
  return EMITTED_VARIABLES[variable] ?? EMITTED_VARIABLES[variable.replace(/^(\w+\.http)\..*$/, '$1.*')] ?? {}
}

/** A field's name; rows for single fields hold it themselves. */
function nameOf({ variable, name }: VariableExpression): string {
  return name ?? /^\w+\.http\.(.*)$/.exec(variable)?.[1] ?? ''
}

function shown({ variable, name }: VariableExpression): string {
  return name === null ? variable : variable.replace('*', name)
}

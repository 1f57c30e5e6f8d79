/**
 * Every variable of VCL, one row each: its type, where it may be read, written and unset, and the one version that has it, if not both
 * (Varnish’s vcl-var manual page). `*` stands for a field’s or a storage’s name.
 */
import { ALL, BACKEND, CLIENT, join, NOWHERE, only, type Scope, TASKS } from './scopes.ts'
import type { ValueType } from './value-types.ts'

export type VclVersion = '4.0' | '4.1'

export interface Variable {
  readonly name: string
  readonly type: ValueType
  readonly readable: Scope
  readonly writable: Scope
  readonly unsettable: Scope
  /** The version that has this row; `null`: both. */
  readonly version: VclVersion | null
}

const RECV = only('vcl_recv')
const FETCH = only('vcl_backend_fetch')
const RESPONSE = only('vcl_backend_response')
const ERROR = only('vcl_backend_error')
const REFRESH = only('vcl_backend_refresh')
const BERESP = only('vcl_backend_response', 'vcl_backend_error', 'vcl_backend_refresh')
const BEREQ = join(only('vcl_pipe'), BACKEND)
const PIPE = only('vcl_pipe')
const HIT = only('vcl_hit')
const OBJ = only('vcl_hit', 'vcl_deliver')
const RESP = only('vcl_deliver', 'vcl_synth')
const HASHED = only('vcl_hit', 'vcl_miss', 'vcl_pass', 'vcl_purge', 'vcl_deliver', 'vcl_synth', 'vcl_pipe')

/** `r`: read, then written, then unset. */
function row(name: string, type: ValueType, readable: Scope, writable: Scope = NOWHERE, unsettable: Scope = NOWHERE): Variable {
  return { name, type, readable, writable, unsettable, version: null }
}

function since(version: VclVersion, variable: Variable): Variable {
  return { ...variable, version }
}

/** The framing of a message is not the policy’s: these two are read-only. */
function fields(prefix: string, readable: Scope, writable: Scope): readonly Variable[] {
  return [
    row(`${prefix}.http.*`, 'HEADER', readable, writable, writable),
    row(`${prefix}.http.content-length`, 'HEADER', readable),
    row(`${prefix}.http.transfer-encoding`, 'HEADER', readable),
  ]
}

/** In 4.0 the protocol can be written. */
function protocol(prefix: string, scope: Scope): readonly Variable[] {
  return [since('4.0', row(`${prefix}.proto`, 'STRING', scope, scope)), since('4.1', row(`${prefix}.proto`, 'STRING', scope))]
}

const PARAMETERS: Readonly<Record<string, ValueType>> = {
  backend_idle_timeout: 'DURATION',
  backend_wait_limit: 'INT',
  backend_wait_timeout: 'DURATION',
  between_bytes_timeout: 'DURATION',
  connect_timeout: 'DURATION',
  default_grace: 'DURATION',
  default_keep: 'DURATION',
  default_ttl: 'DURATION',
  first_byte_timeout: 'DURATION',
  idle_send_timeout: 'DURATION',
  max_esi_depth: 'INT',
  max_restarts: 'INT',
  max_retries: 'INT',
  pipe_task_deadline: 'DURATION',
  pipe_timeout: 'DURATION',
  send_timeout: 'DURATION',
  shortlived: 'DURATION',
  timeout_idle: 'DURATION',
  transit_buffer: 'BYTES',
  uncacheable_ttl: 'DURATION',
}

export const VARIABLES: readonly Variable[] = [
  row('client.identity', 'STRING', TASKS, CLIENT),
  row('client.ip', 'IP', TASKS),
  row('server.hostname', 'STRING', ALL),
  row('server.identity', 'STRING', ALL),
  row('server.ip', 'IP', TASKS),
  row('remote.ip', 'IP', TASKS),
  row('local.ip', 'IP', TASKS),
  since('4.1', row('local.endpoint', 'STRING', TASKS)),
  since('4.1', row('local.socket', 'STRING', TASKS)),

  row('sess.idle_send_timeout', 'DURATION', CLIENT, CLIENT, CLIENT),
  row('sess.send_timeout', 'DURATION', CLIENT, CLIENT, CLIENT),
  row('sess.timeout_idle', 'DURATION', CLIENT, CLIENT, CLIENT),
  row('sess.timeout_linger', 'DURATION', CLIENT, CLIENT, CLIENT),
  since('4.1', row('sess.xid', 'INT', TASKS)),

  row('req', 'HTTP', CLIENT),
  row('req.backend_hint', 'BACKEND', CLIENT, CLIENT),
  row('req.can_gzip', 'BOOL', CLIENT),
  since('4.0', row('req.esi', 'BOOL', CLIENT, CLIENT)),
  row('req.esi_level', 'INT', CLIENT),
  row('req.filters', 'STRING', RECV, RECV),
  row('req.grace', 'DURATION', CLIENT, CLIENT, CLIENT),
  row('req.hash', 'BLOB', HASHED),
  row('req.hash_always_miss', 'BOOL', CLIENT, CLIENT),
  row('req.hash_ignore_busy', 'BOOL', CLIENT, CLIENT),
  row('req.hash_ignore_vary', 'BOOL', CLIENT, CLIENT),
  ...fields('req', CLIENT, CLIENT),
  row('req.is_hitmiss', 'BOOL', only('vcl_miss', 'vcl_deliver', 'vcl_pass', 'vcl_synth')),
  row('req.is_hitpass', 'BOOL', only('vcl_pass', 'vcl_deliver', 'vcl_synth')),
  row('req.max_age', 'DURATION', CLIENT, CLIENT, CLIENT),
  row('req.method', 'STRING', CLIENT, CLIENT),
  ...protocol('req', CLIENT),
  row('req.restarts', 'INT', CLIENT),
  row('req.storage', 'STEVEDORE', CLIENT, CLIENT),
  row('req.time', 'TIME', CLIENT),
  row('req.trace', 'BOOL', CLIENT, CLIENT),
  row('req.transport', 'STRING', CLIENT),
  row('req.ttl', 'DURATION', CLIENT, CLIENT, CLIENT),
  row('req.url', 'STRING', CLIENT, CLIENT),
  row('req.xid', 'INT', CLIENT),

  row('req_top.http.*', 'HEADER', CLIENT),
  row('req_top.method', 'STRING', CLIENT),
  row('req_top.proto', 'STRING', CLIENT),
  row('req_top.time', 'TIME', CLIENT),
  row('req_top.url', 'STRING', CLIENT),

  row('bereq', 'HTTP', BACKEND),
  row('bereq.backend', 'BACKEND', BEREQ, BEREQ),
  row('bereq.between_bytes_timeout', 'DURATION', BACKEND, BACKEND, BEREQ),
  row('bereq.body', 'BODY', NOWHERE, NOWHERE, FETCH),
  row('bereq.connect_timeout', 'DURATION', BEREQ, BEREQ, BEREQ),
  row('bereq.filters', 'STRING', FETCH, FETCH),
  row('bereq.first_byte_timeout', 'DURATION', BACKEND, BACKEND, BEREQ),
  row('bereq.hash', 'BLOB', BEREQ),
  ...fields('bereq', BEREQ, BEREQ),
  row('bereq.is_bgfetch', 'BOOL', BACKEND),
  row('bereq.is_hitmiss', 'BOOL', BACKEND),
  row('bereq.is_hitpass', 'BOOL', BACKEND),
  row('bereq.method', 'STRING', BEREQ, BEREQ),
  ...protocol('bereq', BEREQ),
  row('bereq.retries', 'INT', BACKEND),
  row('bereq.retry_connect', 'BOOL', BACKEND, BACKEND),
  row('bereq.task_deadline', 'DURATION', PIPE, PIPE, PIPE),
  row('bereq.time', 'TIME', BEREQ),
  row('bereq.trace', 'BOOL', BACKEND, BACKEND),
  row('bereq.uncacheable', 'BOOL', BACKEND),
  row('bereq.url', 'STRING', BEREQ, BEREQ),
  row('bereq.xid', 'INT', BEREQ),

  row('beresp', 'HTTP', BERESP),
  row('beresp.age', 'DURATION', BERESP),
  row('beresp.backend', 'BACKEND', BERESP),
  since('4.0', row('beresp.backend.ip', 'IP', RESPONSE)),
  row('beresp.backend.name', 'STRING', BERESP),
  row('beresp.body', 'BODY', NOWHERE, ERROR),
  row('beresp.do_esi', 'BOOL', BERESP, BERESP),
  row('beresp.do_gunzip', 'BOOL', BERESP, BERESP),
  row('beresp.do_gzip', 'BOOL', BERESP, BERESP),
  row('beresp.do_stream', 'BOOL', BERESP, BERESP),
  row('beresp.filters', 'STRING', RESPONSE, RESPONSE),
  row('beresp.grace', 'DURATION', BERESP, BERESP),
  ...fields('beresp', BERESP, BERESP),
  row('beresp.keep', 'DURATION', BERESP, BERESP),
  ...protocol('beresp', BERESP),
  row('beresp.reason', 'STRING', BERESP, BERESP),
  row('beresp.status', 'INT', BERESP, BERESP),
  row('beresp.storage', 'STEVEDORE', BERESP, BERESP),
  since('4.0', row('beresp.storage_hint', 'STRING', BERESP, BERESP)),
  row('beresp.time', 'TIME', BERESP),
  row('beresp.transit_buffer', 'BYTES', RESPONSE, RESPONSE),
  row('beresp.ttl', 'DURATION', BERESP, BERESP),
  row('beresp.uncacheable', 'BOOL', BERESP, BERESP),
  row('beresp.was_304', 'BOOL', BERESP),

  row('obj_stale.age', 'DURATION', REFRESH),
  row('obj_stale.can_esi', 'BOOL', REFRESH),
  row('obj_stale.grace', 'DURATION', REFRESH),
  row('obj_stale.hits', 'INT', REFRESH),
  row('obj_stale.http.*', 'HEADER', REFRESH),
  row('obj_stale.is_valid', 'BOOL', REFRESH),
  row('obj_stale.keep', 'DURATION', REFRESH),
  row('obj_stale.proto', 'STRING', REFRESH),
  row('obj_stale.reason', 'STRING', REFRESH),
  row('obj_stale.status', 'INT', REFRESH),
  row('obj_stale.storage', 'STEVEDORE', REFRESH),
  row('obj_stale.time', 'TIME', REFRESH),
  row('obj_stale.ttl', 'DURATION', REFRESH),
  row('obj_stale.uncacheable', 'BOOL', REFRESH),

  row('obj.age', 'DURATION', OBJ),
  row('obj.can_esi', 'BOOL', OBJ),
  row('obj.grace', 'DURATION', OBJ),
  row('obj.hits', 'INT', OBJ),
  row('obj.http.*', 'HEADER', HIT),
  row('obj.keep', 'DURATION', OBJ),
  row('obj.proto', 'STRING', HIT),
  row('obj.reason', 'STRING', HIT),
  row('obj.status', 'INT', HIT),
  row('obj.storage', 'STEVEDORE', OBJ),
  row('obj.time', 'TIME', OBJ),
  row('obj.ttl', 'DURATION', OBJ),
  row('obj.uncacheable', 'BOOL', only('vcl_deliver')),

  row('resp', 'HTTP', RESP),
  row('resp.body', 'BODY', NOWHERE, only('vcl_synth')),
  since('4.1', row('resp.do_esi', 'BOOL', RESP, RESP)),
  row('resp.filters', 'STRING', RESP, RESP),
  ...fields('resp', RESP, RESP),
  row('resp.is_streaming', 'BOOL', RESP),
  ...protocol('resp', RESP),
  row('resp.reason', 'STRING', RESP, RESP),
  row('resp.status', 'INT', RESP, RESP),
  row('resp.time', 'TIME', RESP),

  row('now', 'TIME', ALL),
  row('storage.*.free_space', 'BYTES', TASKS),
  row('storage.*.happy', 'BOOL', TASKS),
  row('storage.*.used_space', 'BYTES', TASKS),
  ...Object.entries(PARAMETERS).map(([name, type]) => row(`param.${name}`, type, ALL)),
]

const BY_NAME: ReadonlyMap<string, readonly Variable[]> = Map.groupBy(VARIABLES, ({ name }) => name)

/** What the first word of every variable is. */
export const ROOTS: ReadonlySet<string> = new Set(VARIABLES.map(({ name }) => name.split('.')[0] as string))

/** The rows of that name: none, one, or one for each version. */
export function variablesNamed(name: string): readonly Variable[] {
  return BY_NAME.get(name) ?? []
}

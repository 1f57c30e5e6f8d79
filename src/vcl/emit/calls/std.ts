/** VMOD std: odds and ends. */
import { awaited, BINDING, call, infix, type Js, js, member, method } from '../javascript.ts'
import { cased } from './builtin.ts'
import type { CallUse, Translations } from './call-use.ts'

/** Nothing happens, and why. */
function nothing(why: string): (use: CallUse) => Js {
  return () => js(`// ${why}`, BINDING.none)
}

/** A reading of a text, with what to take if it cannot be read: `vcl.integer(text, otherwise)`; or the number that is given instead. */
function reading(name: string, numbers: readonly number[]): (use: CallUse) => Js {
  return (use) => {
    for (const index of numbers)
      if (use.has(index)) return name === 'integer' ? call(use.lib('integerOf'), [use.value(index)]) : use.value(index)
    return call(use.lib(name), use.values(0, 2))
  }
}

export const STD: Translations = {
  log: (use) => call(use.scope.runsIn('vcl_init') || use.scope.runsIn('vcl_fini') ? 'console.log' : use.scope.use('log'), [use.text(0)]),
  syslog: (use) => call(use.scope.use('log'), [js("'syslog'"), use.text(1)]),
  timestamp: (use) => call(use.scope.use('log'), [js("'timestamp'"), use.text(0)]),
  tolower: (use) => cased(use, use.text(0), 'lower'),
  toupper: (use) => cased(use, use.text(0), 'upper'),
  strlen: (use) => member(use.text(0), 'length'),
  querysort: (use) => call(use.lib('querysort'), [use.text(0)]),
  collect: (use) => {
    const [headers, name] = fieldOf(use, 0)
    return call(use.lib('collect'), [js(headers), js(name), ...(use.literal(1) === ', ' ? [] : use.values(1, 2))])
  },
  strstr: (use) => call(use.lib('strstr'), [use.text(0), use.text(1)], { unset: true }),
  fnmatch: (use) => call(use.lib('fnmatch'), [use.text(0), use.text(1), ...flagsOf(use)]),
  random: (use) => call(use.lib('random'), [use.value(0), use.value(1)]),
  round: (use) => call(use.lib('round'), [use.value(0)]),
  now: () => js('Date.now() / 1000', BINDING.product),
  strftime: (use) => call(use.lib('strftime'), [use.value(0), use.text(1)]),
  getenv: (use) => js(`${use.scope.module.node('node:process', 'env')}[${use.text(0).code}]`, BINDING.member, { unset: true }),
  fileread: (use) => fileOf(use),
  blobread: (use) => fileOf(use),
  file_exists: (use) => call(use.scope.module.node('node:fs', 'existsSync'), [use.text(0)]),
  healthy: (use) => call(use.scope.use('healthy'), [use.value(0)]),
  port: (use) => {
    const given = use.given(0)
    const name = given?.kind === 'variable' ? given.variable : ''
    if (name === 'server.ip' || name === 'local.ip') return js(`${use.scope.use('session')}.localPort`, BINDING.member)
    return use.refuse('only the port that the client connected to is known: std.port(local.ip)')
  },
  duration: reading('duration', [2, 3]),
  bytes: reading('bytes', [2, 3]),
  integer: reading('integer', [2, 3, 4, 5, 6]),
  real: reading('real', [2, 3, 4, 5, 6]),
  time: reading('time', [2, 3]),
  ip: (use) => call(use.lib('ip'), use.values(0, 2)),
  // Other than std.integer(real = …) it rounds.
  real2integer: (use) => call(use.lib('round'), [use.value(0)]),
  real2time: (use) => use.value(0),
  time2integer: (use) => call(use.lib('round'), [use.value(0)]),
  time2real: (use) => use.value(0),
  cache_req_body: (use) => {
    const read = awaited(method(js(use.scope.use('req')), 'cacheBody', [use.value(0)]), false)
    return infix(read, '!==', js('null'), BINDING.equal)
  },
  late_100_continue: nothing('100 (Continue) is sent when the body is read'),
  set_ip_tos: nothing('packets have the system’s type of service'),
  rollback: (use) => {
    const given = use.given(0)
    const noun = given?.kind === 'variable' ? given.variable : ''
    if (noun === 'req') return call(use.lib('rollback'), [js(use.scope.use('req'))])
    return use.refuse('only req can be rolled back', 'a retry begins with what backendFetch left')
  },
  ban: (use) => awaited(call(use.lib('ban'), [js(use.scope.use('invalidate')), use.text(0)]), false),
  ban_error: (use) => call(use.lib('banError'), []),
  timed_call: (use) => use.refuse('std.timed_call has no counterpart', 'call the sub itself'),
  rfc_ttl: (use) => use.refuse('std.rfc_ttl has no counterpart', 'the lifetime is computed before vcl_backend_response'),
  syntax: (use) => {
    const wanted = Number(use.literal(0) ?? 4.1)
    return js(String(wanted <= Number(use.scope.module.program.version)))
  },
}

/** The headers and the name of a field that is an argument. */
export function fieldOf(use: CallUse, index: number): readonly [headers: string, name: string] {
  const given = use.given(index)
  const read = given?.kind === 'variable' ? use.value(index).code : ''
  const found = /^(?:\w+\.utf8\()?(\w+\.headers)\.get\((.+?)\)(?: \?\? ''\))?$/s.exec(read)
  if (found === null) return use.refuse('this is not a header field')
  return [found[1] as string, found[2] as string]
}

/** PATHNAME, NOESCAPE, PERIOD; left out as far as they are the defaults. */
function flagsOf(use: CallUse): Js[] {
  const [pathname, noescape, period] = [use.literal(2) ?? true, use.literal(3) ?? false, use.literal(4) ?? false]
  const set = [
    ...(pathname === true ? [] : ['pathname: false']),
    ...(noescape === true ? ['noescape: true'] : []),
    ...(period === true ? ['period: true'] : []),
  ]
  return set.length === 0 ? [] : [js(`{ ${set.join(', ')} }`)]
}

/** What is in a file is read once, when the policy is loaded. */
function fileOf(use: CallUse): Js {
  const { module } = use.scope
  const path = use.text(0)
  const read = `${module.node('node:fs', 'readFileSync')}(${path.code}, 'latin1')`
  return path.literal === null ? js(read, BINDING.member) : js(module.constant('file', read))
}

/** Calls of functions and methods, by who has them. */
import type { CallExpression } from '../../checked-ast.ts'
import type { Js } from '../javascript.ts'
import type { Scope } from '../scope.ts'
import { BLOB } from './blob.ts'
import { BUILTIN, TYPE_METHODS } from './builtin.ts'
import { CallUse, type Emit, type Translation, type Translations } from './call-use.ts'
import { COOKIE } from './cookie.ts'
import { DIRECTORS } from './directors.ts'
import { HEADER } from './header.ts'
import { PURGE, XKEY } from './purge.ts'
import { SAINTMODE } from './saintmode.ts'
import { STD } from './std.ts'
import { STR } from './str.ts'
import { VAR } from './var.ts'
import { VSTHROTTLE } from './vsthrottle.ts'

/** VMODs by their own names. */
export const TRANSLATED: Readonly<Record<string, Translations>> = {
  blob: BLOB,
  cookie: COOKIE,
  directors: DIRECTORS,
  header: HEADER,
  purge: PURGE,
  saintmode: SAINTMODE,
  std: STD,
  str: STR,
  var: VAR,
  vsthrottle: VSTHROTTLE,
  xkey: XKEY,
}

/** Throws a `Refusal` for what has no counterpart. */
export function translateCall(expression: CallExpression, scope: Scope, emit: Emit): Js {
  const use = new CallUse(expression, scope, emit)
  const { callee } = expression
  switch (callee.kind) {
    case 'builtin':
      return (BUILTIN[callee.name] ?? noCounterpart(callee.name))(use)
    case 'type-method':
      return TYPE_METHODS[callee.name](use, emit(callee.of, scope))
    case 'function':
      return (TRANSLATED[callee.module]?.[callee.name] ?? noCounterpart(`${callee.module}.${callee.name}`))(use)
    case 'method': {
      const name = `${callee.class}.${callee.name}`
      return (TRANSLATED[callee.module]?.[name] ?? noCounterpart(`${callee.module}.${name}`))(use)
    }
  }
}

function noCounterpart(name: string): Translation {
  return (use) => use.refuse(`${name} has no counterpart`)
}

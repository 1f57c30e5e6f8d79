/** Statements of VCL as lines of TypeScript. */
import type {
  CheckedBlock,
  CheckedBranch,
  CheckedCall,
  CheckedExpression,
  CheckedIf,
  CheckedSet,
  CheckedStatement,
  VariableExpression,
} from '../checked-ast.ts'
import { textOf } from '../source.ts'
import { emitAction } from './action.ts'
import { commentLines, leadingLines, trailingText } from './comments.ts'
import { arithmetic, emitExpression, emitText } from './expression.ts'
import { concatenated, definite, type Js, js, quoted } from './javascript.ts'
import type { Lines, Surroundings } from './lines.ts'
import { Refusal } from './module.ts'
import type { Scope } from './scope.ts'
import { emitStepCall } from './step-call.ts'
import { unsetVariable, writeVariable } from './variables.ts'

const LONGEST = 110
/** Says it in place of the statements. */
const UNREACHED = '// What the VCL has behind this is never reached.'

export function emitBlock(
  { statements, closing }: Pick<CheckedBlock, 'statements' | 'closing'>,
  scope: Scope,
  around: Surroundings,
): Lines {
  const made: Lines[] = []
  for (const [index, statement] of statements.entries()) {
    const last = around.last && index === statements.length - 1
    const lines = emitStatement(statement, scope, { ...around, last })
    const blank = statement.blankBefore && made.length > 0 ? [''] : []
    made.push({ ...lines, lines: [...blank, ...lines.lines] })
    if (!lines.ends) continue
    // VCL allows what is never reached; TypeScript complains.
    if (index < statements.length - 1) made.push({ lines: [UNREACHED], awaits: false, ends: true })
    break
  }
  const ends = made.some((lines) => lines.ends)
  const end = commentLines(closing)
  const from = made.findIndex(({ awaits }) => awaits)
  const plain = (list: readonly Lines[]): readonly string[] => list.flatMap(({ lines }) => lines)
  if (from < 0 || !(ends || around.last)) return { lines: [...plain(made), ...end], awaits: from >= 0, ends }
  const late = made.slice(from)
  const decides = ends && !late.some(({ lines }) => lines.some((line) => /^\s*return$/m.test(line)))
  if (scope.promises !== 'perhaps') scope.promises = decides ? 'decide' : 'perhaps'
  return { lines: [...plain(made.slice(0, from)), ...waiting(late), ...end], awaits: false, ends: true }
}

/** Only from here on something waits: what came before, and requests that do not come here, go on at once. */
function waiting(made: readonly Lines[]): readonly string[] {
  const lines = made.flatMap((each) => each.lines)
  if (lines[0] === '') lines.shift()
  const [first = '', second = ''] = lines
  const simple = lines.length === 2 && !/\bawait\b/.test(second) ? /^await (.*)$/s.exec(first) : null
  const answer = /^return (\w.*)$/s.exec(second)
  if (simple !== null && answer !== null) return [`return ${simple[1]}.then(() => ${answer[1]})`]
  return ['return (async () => {', ...indented(lines), '})()']
}

function emitStatement(statement: CheckedStatement, scope: Scope, around: Surroundings): Lines {
  try {
    const made = bare(statement, scope, around)
    const remarks = scope.takeRemarks().map((text) => `// ${text}`)
    const [first, ...rest] = made.lines
    const trailing = trailingText(statement)
    if (first === undefined)
      return { ...made, lines: [...remarks, ...leadingLines(statement), ...(trailing === '' ? [] : [trailing.trim()])] }
    const last = rest.length > 0 && statement.kind !== 'if' && statement.kind !== 'block' ? rest.length - 1 : -1
    const body = last < 0 ? [`${first}${trailing}`, ...rest] : [first, ...rest.slice(0, last), `${rest[last]}${trailing}`]
    return { ...made, lines: [...leadingLines(statement), ...remarks, ...body] }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    scope.takeRemarks()
    scope.page = false
    scope.module.refuse(error)
    return {
      lines: [...leadingLines(statement), ...marked(error, textOf(statement.span))],
      awaits: false,
      ends: statement.kind === 'return' && around.last,
    }
  }
}

/** The place of what could not be translated. */
export function marked({ message, hint }: Refusal, source: string): readonly string[] {
  return [`// NOT TRANSLATED: ${message}${hint === null ? '' : `; ${hint}`}`, ...source.split('\n').map((line) => `//   ${line.trim()}`)]
}

function bare(statement: CheckedStatement, scope: Scope, around: Surroundings): Lines {
  switch (statement.kind) {
    case 'set':
      return emitSet(statement, scope)
    case 'unset':
      return done(unsetVariable(statement.target, scope))
    case 'call':
      return emitSubCall(statement, scope, around)
    case 'return': {
      const { action } = statement
      if (action === null) return { lines: around.last && around.leave === 'return' ? [] : [around.leave], awaits: false, ends: true }
      const made = emitAction(action, statement, scope)
      return { lines: [`${made.code.startsWith('new Error(') ? 'throw' : 'return'} ${made.code}`], awaits: made.awaits, ends: true }
    }
    case 'if':
      return emitIf(statement, scope, around)
    case 'expression': {
      const made = emitExpression(statement.call, scope)
      return {
        lines: [made.code.replace(/^\((await .*)\)\.objects$/s, '$1').replace(/^(await .*) !== null$/s, '$1')],
        awaits: made.awaits,
        ends: false,
      }
    }
    case 'block':
      return emitBlock(statement.body, scope, around)
    case 'include':
      return emitBlock({ statements: statement.statements, closing: [] }, scope, around)
    case 'new':
      return scope.refuse(statement.span, `${statement.object.name} is made where its making cannot be put at the top of the policy`)
    case 'untranslatable':
      return {
        lines: [
          `// NOT TRANSLATED: ${statement.what === 'inline-c' ? 'inline C' : `VMOD ${statement.name}`}`,
          ...statement.source.split('\n').map((line) => `//   ${line.trim()}`),
        ],
        awaits: false,
        ends: false,
      }
  }
}

function done(code: string | { readonly nothing: string }): Lines {
  return {
    lines: typeof code === 'string' ? [code] : code.nothing === '' ? [] : [`// Nothing to set: ${code.nothing}.`],
    awaits: false,
    ends: false,
  }
}

function emitSet({ target, operator, value }: CheckedSet, scope: Scope): Lines {
  const isText = target.type === 'HEADER' || target.type === 'STRING' || target.type === 'BODY'
  const { page } = scope
  scope.page = target.variable.endsWith('.body')
  try {
    const made = isText ? emitText(value, scope) : emitExpression(value, scope)
    const assigned = operator === '=' ? literalDuration(target, value, made) : combined(target, operator, made, scope, isText)
    const code = writeVariable(target, assigned, scope)
    const lines = done(typeof code === 'string' ? shortened(code) : code)
    return { ...lines, awaits: assigned.awaits }
  } finally {
    scope.page = page
  }
}

function combined(target: VariableExpression, operator: string, value: Js, scope: Scope, isText: boolean): Js {
  const before = target.variable.endsWith('.body') ? js(`${target.variable}`, undefined) : emitExpression(target, scope)
  if (isText) return concatenated([definite(before), value])
  return arithmetic(before, operator.slice(0, 1), value, target.type, scope)
}

/** `a.b = a.b + 1` as `a.b += 1`. */
function shortened(code: string): string {
  const found = /^([\w.]+) = \1 ([-+*]) ([\w.]+)$/.exec(code)
  return found === null ? code : `${found[1]} ${found[2]}= ${found[3]}`
}

const DURATIONS: ReadonlySet<string> = new Set(['beresp.ttl', 'beresp.grace', 'beresp.keep'])

/** As it was written, `1h`, where durations are taken so. */
function literalDuration(target: VariableExpression, value: CheckedExpression, made: Js): Js {
  if (!DURATIONS.has(target.variable) || value.kind !== 'literal' || value.type !== 'DURATION') return made
  const written = textOf(value.span)
  return /^\d+(?:\.\d+)?(?:ms|[smhdwy])$/.test(written) && value.value >= 60 ? js(quoted(written)) : made
}

function emitSubCall(statement: CheckedCall, scope: Scope, around: Surroundings): Lines {
  const { program, names } = scope.module
  const sub = program.subs.get(statement.sub)
  if (sub === undefined) return emitStepCall(statement, scope, around)
  const promises = scope.module.promises.get(statement.sub) ?? 'never'
  if (promises !== 'never' && !scope.waits) scope.refuse(statement.span, 'vcl_hash cannot wait for anything', null)
  // A promise of an action can be handed on as the action itself.
  const asynchronous = promises === 'perhaps' || (promises === 'decide' && !sub.decides)
  scope.handsOn = true
  const called = `${names.of(statement.sub, 'sub')}(context)`
  if (around.last && around.leave === 'return' && (sub.decides || asynchronous)) {
    if (promises !== 'never' && scope.promises !== 'perhaps') scope.promises = promises
    return { lines: [`return ${called}`], awaits: false, ends: true }
  }
  if (!sub.decides) return { lines: [`${asynchronous ? 'await ' : ''}${called}`], awaits: asynchronous, ends: false }
  const answer = scope.answer()
  if (promises === 'decide' && scope.promises === 'never') scope.promises = 'decide'
  return {
    lines: [`const ${answer} = ${asynchronous ? 'await ' : ''}${called}`, `if (${answer} !== undefined) return ${answer}`],
    awaits: asynchronous,
    ends: false,
  }
}

function emitIf({ branches, otherwise }: CheckedIf, scope: Scope, around: Surroundings): Lines {
  const lines: string[] = []
  let awaits = false
  let ends = otherwise !== null
  let oneLiner: string | null = null
  for (const [index, branch] of branches.entries()) {
    const condition = emitCondition(branch, scope)
    const remarks = scope.takeRemarks().map((text) => `// ${text}`)
    // What stands behind a branch is behind all of them.
    const body = emitBlock(branch.body, scope, around)
    awaits ||= body.awaits || condition.awaits
    ends &&= body.ends
    const head = index === 0 ? 'if (' : '} else if ('
    const single = `if (${condition.code}) ${body.lines[0] ?? ''}`
    if (index === 0 && branches.length === 1 && otherwise === null && isShort(body.lines, single)) oneLiner = single
    const comments = commentLines(branch.leading)
    if (index > 0 && comments.length > 0) lines.push(...indented(comments))
    const heads = conditionLines(head, condition)
    lines.push(...remarks, ...heads, ...indented(body.lines))
  }
  if (oneLiner !== null && lines.length === 2) return { lines: [oneLiner], awaits, ends: false }
  if (otherwise !== null) {
    const body = emitBlock(otherwise.body, scope, around)
    awaits ||= body.awaits
    ends &&= body.ends
    if (otherwise.leading.length > 0) lines.push(...indented(commentLines(otherwise.leading)))
    if (body.lines.length > 0) lines.push('} else {', ...indented(body.lines))
  }
  lines.push('}')
  return { lines, awaits, ends }
}

/** A long chain stands in lines of its own. */
function conditionLines(head: string, { code, chain }: Js): readonly string[] {
  if (chain === null || head.length + code.length <= LONGEST + 10) return [`${head}${code}) {`]
  return [head, ...indented(chain), ') {']
}

function isShort(body: readonly string[], single: string): boolean {
  return body.length === 1 && !single.includes('\n') && single.length <= LONGEST && !/^(?:\/\/|\/\*|const |if )/.test(body[0] ?? '')
}

function emitCondition({ condition }: CheckedBranch, scope: Scope): Js {
  try {
    return emitExpression(condition, scope)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    scope.module.refuse(error)
    scope.remark(`NOT TRANSLATED: ${error.message}: ${textOf(condition.span).replace(/\s+/g, ' ')}`)
    return js('false')
  }
}

/** The lines of a text stay where they are. */
export function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`))
}

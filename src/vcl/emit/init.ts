/** vcl_init: what it makes stands at the top of the policy, what it does is done by `init`. */
import type { CheckedNew, CheckedStatement } from '../checked-ast.ts'
import { textOf } from '../source.ts'
import { type PolicyModule, Refusal } from './module.ts'
import { additionTo, emitObject } from './objects.ts'
import { Scope } from './scope.ts'
import { emitBlock, marked } from './statement.ts'

/** The lines of the objects. What else there is to do is left with the module. */
export function emitInit(module: PolicyModule): readonly string[] {
  const scope = new Scope(module, ['vcl_init'])
  const statements = (module.program.hooks.get('vcl_init') ?? []).flatMap(({ body }) => flat(body.statements))
  const lines: string[] = []
  for (const made of statements.filter((each): each is CheckedNew => each.kind === 'new')) {
    const { name } = made.object
    try {
      lines.push(
        ...emitObject(
          made,
          statements.filter((each) => additionTo(each) === name),
          scope,
        ),
      )
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      module.refuse(error)
      lines.push(...marked(error, textOf(made.span)))
    }
  }
  const others = statements.filter((each) => each.kind !== 'new' && additionTo(each) === null && !isOk(each))
  if (others.length > 0) module.init.push(...emitBlock({ statements: others, closing: [] }, scope, { leave: 'return', last: false }).lines)
  const fini = (module.program.hooks.get('vcl_fini') ?? []).flatMap(({ body }) => flat(body.statements)).filter((each) => !isOk(each))
  if (fini.length > 0)
    module.fini.push(
      ...emitBlock({ statements: fini, closing: [] }, new Scope(module, ['vcl_fini']), { leave: 'return', last: false }).lines,
    )
  return lines
}

function isOk(statement: CheckedStatement): boolean {
  return statement.kind === 'return' && (statement.action === null || statement.action.name === 'ok')
}

function flat(statements: readonly CheckedStatement[]): readonly CheckedStatement[] {
  return statements.flatMap((statement) => {
    if (statement.kind === 'include') return flat(statement.statements)
    return statement.kind === 'block' ? flat(statement.body.statements) : [statement]
  })
}

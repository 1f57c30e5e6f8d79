/** VCL as a policy in the engine: translated, stripped of its types, run over a fake origin. */
import { stripTypeScriptTypes } from 'node:module'
import { expect } from 'vitest'
import { type PolicyTest, type TestOptions, testPolicy } from '../../src/testing/test-policy.ts'
import type { CheckedProgram } from '../../src/vcl/checked-ast.ts'
import { emitPolicy } from '../../src/vcl/emit/emit.ts'
import { readVcl } from '../../src/vcl/front.ts'
import { type Problem, renderProblem } from '../../src/vcl/problem.ts'
import { patternFault } from '../../src/vcl/regex.ts'
import * as contract from '../../vcl-ts/index.ts'
import type { Policy } from '../../vcl-ts/policy.ts'

export interface Translation {
  readonly code: string
  /** What has no translation. */
  readonly problems: readonly Problem[]
}

/** Fails the test for illegal VCL. */
export function translate(text: string, name: string = 'test.vcl', labels: Readonly<Record<string, string>> = {}): Translation {
  const first = checked(text, name)
  const others = Object.entries(labels).map(([label, other]) => [label, checked(other, `${label}.vcl`)] as const)
  const emitted = emitPolicy(first.program, new Map(others.map(([label, { program }]) => [label, program])))
  const problems = [first, ...others.map(([, each]) => each)].flatMap((each) => each.problems)
  return { code: emitted.code, problems: [...problems, ...emitted.problems] }
}

function checked(text: string, name: string): { readonly program: CheckedProgram; readonly problems: readonly Problem[] } {
  const { program, problems } = readVcl({ name, text }, { validateRegex: patternFault })
  expect(problems.filter(({ kind }) => kind === 'illegal').map(renderProblem)).toEqual([])
  if (program === null) throw new Error('no program')
  return { program, problems }
}

/** The policy that TypeScript without imports but those of a policy exports. */
export function policyOf(code: string): Policy {
  const plain = stripTypeScriptTypes(code)
    .replace(/^import \{([^}]*)\} from '([^']+)'/gm, "const {$1} = given('$2')")
    .replace('export default ', 'return ')
  const given = (name: string): unknown => (name === 'clearcoat/vcl-ts' ? contract : process.getBuiltinModule(name))
  return new Function('given', plain)(given) as Policy
}

/** Runs VCL that can be translated as a whole. */
export function vclTest(text: string, options: TestOptions = {}, labels: Readonly<Record<string, string>> = {}): Promise<PolicyTest> {
  const { code, problems } = translate(text, 'test.vcl', labels)
  expect(problems.map(renderProblem)).toEqual([])
  return testPolicy(policyOf(code), { preset: 'varnish', ...options })
}

/** `vcl 4.1;` and a backend before what a test is about. */
export function withBackend(text: string): string {
  return `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "8000"; }\n${text}`
}

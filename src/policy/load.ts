/**
 * From a policy file to a policy: bundled, evaluated as one function, its default export taken. Evaluated functions are garbage when the
 * policy has gone; modules that were `import()`ed would stay for ever.
 */
import { isBuiltin, SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { compileFunction } from 'node:vm'
import * as contract from '../../vcl-ts/index.ts'
import { type Policy, validatePolicy } from '../../vcl-ts/policy.ts'
import type { PolicyBundle } from './load-bundle.ts'
import { type Place, PolicyLoadError } from './load-error.ts'
import type { PolicySources } from './sources.ts'

export { bundlePolicy, type PolicyBundle } from './load-bundle.ts'

/** How the errors of an evaluated bundle find their places in the user's sources. */
interface Located {
  readonly sources: PolicySources
  /** What went wrong with this policy, as an error that names the place in the user's sources, if its stack does. */
  readonly refused: (error: unknown) => PolicyLoadError
}

export interface EvaluatedPolicy extends Located {
  readonly policy: Policy
}

/** Imports that are not bundled, by name. */
export type Provide = (name: string) => unknown

let evaluations = 0

/** Evaluates a bundle, each time anew. Throws a `PolicyLoadError` when its code throws or its default export is no policy. */
export function evaluatePolicy(bundle: PolicyBundle): EvaluatedPolicy {
  const { exports, ...located } = evaluate(bundle, provide)
  try {
    return { policy: defaultExport(bundle, exports), ...located }
  } catch (error) {
    throw located.refused(error)
  }
}

/** The exports of a bundle that is no policy. Throws a `PolicyLoadError` when its code throws. */
export function evaluateModule(bundle: PolicyBundle, imports: Provide): object {
  return evaluate(bundle, imports).exports
}

function evaluate(bundle: PolicyBundle, imports: Provide): Located & { readonly exports: object } {
  // A name of its own tells the positions of this evaluation from those of every other one in stacks.
  const script = `${bundle.file}?${++evaluations}`
  const located = (error: unknown): unknown => locate(error, script, bundle)
  const refused = (error: unknown): PolicyLoadError => {
    if (error instanceof PolicyLoadError) return error
    const origin = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const reason = error instanceof Error ? error.message : String(error)
    return new PolicyLoadError(bundle.file, reason, firstPlace(origin, script, bundle), { cause: located(error) })
  }
  try {
    const sources = { located, placeOf: (error: unknown) => firstPlace(error, script, bundle) }
    return { exports: run(bundle.code, script, imports), sources, refused }
  } catch (error) {
    throw refused(error)
  }
}

function run(code: string, script: string, imports: Provide): object {
  const module: { exports: object } = { exports: {} }
  compile(code, script)(module, module.exports, imports)
  return module.exports
}

/** In this realm, so that a policy's promises and errors are instances of ours. V8's cache of compiled sources would keep each version for good. */
function compile(code: string, script: string): (...given: readonly unknown[]) => unknown {
  setFlagsFromString('--no-compilation-cache')
  try {
    return compileFunction(code, ['module', 'exports', 'require'], { filename: script }) as (...given: readonly unknown[]) => unknown
  } finally {
    setFlagsFromString('--compilation-cache')
  }
}

function provide(name: string): unknown {
  if (name === 'clearcoat/vcl-ts') return contract
  if (isBuiltin(name)) return process.getBuiltinModule(name)
  throw new Error(`a policy cannot import ${JSON.stringify(name)}; it imports clearcoat/vcl-ts, node: modules, files and packages`)
}

function defaultExport(bundle: PolicyBundle, exports: object): Policy {
  const policy: unknown = 'default' in exports ? exports.default : undefined
  if (policy === undefined)
    throw new PolicyLoadError(bundle.file, 'it has no default export; write export default definePolicy({ … })', null)
  validatePolicy(policy)
  return policy
}

/** Where a frame of the stack is in the user's sources. */
function firstPlace(error: unknown, script: string, bundle: PolicyBundle): Place | null {
  if (!(error instanceof Error)) return null
  for (const { place } of frames(error.stack ?? '', script, bundle)) return place
  return null
}

function locate(error: unknown, script: string, bundle: PolicyBundle): unknown {
  if (!(error instanceof Error)) return error
  let stack = error.stack ?? ''
  for (const { text, place } of frames(stack, script, bundle)) stack = stack.replace(text, `${place.file}:${place.line}:${place.column}`)
  if (stack !== error.stack) Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true })
  return error
}

/** Parsed when something went wrong only: it is larger than the policy. */
function* frames(stack: string, script: string, bundle: PolicyBundle): Generator<{ text: string; place: Place }> {
  let map: SourceMap | null = null
  for (let at = stack.indexOf(script); at >= 0; at = stack.indexOf(script, at + script.length)) {
    const position = /^:(\d+):(\d+)/.exec(stack.slice(at + script.length))
    if (position === null) continue
    map ??= new SourceMap(JSON.parse(bundle.map))
    const entry = map.findEntry(Number(position[1]) - 1, Number(position[2]) - 1)
    if (!('originalSource' in entry) || entry.originalSource === undefined) continue
    const file = resolve(dirname(bundle.file), entry.originalSource)
    yield { text: script + position[0], place: { file, line: entry.originalLine + 1, column: entry.originalColumn + 1 } }
  }
}

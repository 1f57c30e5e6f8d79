/** Runs one hook through a compiled policy: the first action wins, and whatever goes wrong is the action `fail`, never a throw. */
import { type Action, failure, verbs } from './actions.ts'
import type { HookFunction } from './chain-layout.ts'
import { type Chain, type CompiledPolicy, functionsOf } from './compile.ts'
import { isHandOver } from './hand-over.ts'
import type { HookContext } from './hook-context.ts'
import { type HookAction, illegality, type RequestHook } from './legal.ts'
import { type Policy, PolicyError } from './policy.ts'

export { type CompiledPolicy, compilePolicy, type Decision, type DecisionObserver, type HookPart, type Watch } from './compile.ts'

/** Puts a deadline on one promise of a hook: rejects when it passes. */
export type Limit = (promise: Promise<unknown>) => Promise<unknown>

/** A context that hears of a promise of its hook that failed or came too late, so that it can break off what the hook began. */
export interface Interruptible {
  interrupt(cause: unknown): void
}

/**
 * Asks the policies, then the built-in steps. Answers at once unless a function returned a real promise. With no function of a
 * policy nothing is allocated.
 */
export function runHook<H extends RequestHook>(
  compiled: CompiledPolicy,
  hook: H,
  context: HookContext<H>,
  limit: Limit,
): HookAction<H> | Promise<HookAction<H>> {
  return walk(chainOf(compiled.chains, hook), 0, context, limit) as HookAction<H> | Promise<HookAction<H>>
}

/** Runs every `init`, in the order of the stack. Rejects with a `PolicyError` for the first that fails, after `fini` of those before it. */
export async function runInit(compiled: CompiledPolicy, limit: Limit): Promise<void> {
  for (const [index, policy] of compiled.policies.entries()) {
    const fault = await runOnce(compiled, policy, 'init', limit)
    if (fault === null) continue
    await finish(compiled, index, limit)
    throw fault
  }
}

/** Runs every `fini`, last policy first, whatever the others do. Answers what went wrong. */
export function runFini(compiled: CompiledPolicy, limit: Limit): Promise<readonly PolicyError[]> {
  return finish(compiled, compiled.policies.length, limit)
}

/** The hooks that a hit runs are told apart by comparisons: V8 looks up what is named by many names in a table that all such look-ups share. */
function chainOf(chains: CompiledPolicy['chains'], hook: RequestHook): Chain {
  switch (hook) {
    case 'recv':
      return chains.recv
    case 'hash':
      return chains.hash
    case 'hit':
      return chains.hit
    case 'deliver':
      return chains.deliver
    default:
      return chains[hook]
  }
}

function walk(chain: Chain, from: number, context: object, limit: Limit): Action | Promise<Action> {
  const { functions, hook } = chain
  let at = from
  try {
    for (; at < functions.length; at++) {
      const run = functions[at] as HookFunction // called as a variable, so that `this` is not the list
      const answer = run(context)
      if (answer === undefined) continue
      if (typeof answer === 'number' && chain.own[at] === false) {
        at = answer - 1 // a fork of routes
        continue
      }
      if (!(answer instanceof Promise)) return answered(chain, at, answer, context, limit)
      if (hook !== 'hash') return settle(chain, at, answer, context, limit)
      answer.catch(() => {}) // nobody awaits it, and an unhandled rejection would end the process
      return decided(chain, at, failure(`${chain.labels[at]} returned a promise; hash must not be asynchronous`, null), context)
    }
  } catch (cause) {
    return decided(chain, at, failure(`${chain.labels[at]} threw`, cause), context)
  }
  return decided(chain, at - 1, failure(`nobody answered in ${hook}`, null), context)
}

/** The answer is there: it is looked at, unless it hands the request over. */
function answered(chain: Chain, at: number, answer: unknown, context: object, limit: Limit): Action | Promise<Action> {
  const start = chain.handed !== null && isHandOver(answer) ? chain.handed(context) : -1
  return start < 0 ? judge(chain, at, answer, context) : walk(chain, start, context, limit)
}

async function settle(chain: Chain, at: number, promise: Promise<unknown>, context: object, limit: Limit): Promise<Action> {
  try {
    const answer = await limit(promise)
    if (answer !== undefined) return answered(chain, at, answer, context, limit)
  } catch (cause) {
    if ('interrupt' in context) (context as Interruptible).interrupt(cause)
    return decided(chain, at, failure(`${chain.labels[at]} rejected`, cause), context)
  }
  return walk(chain, at + 1, context, limit)
}

function judge(chain: Chain, at: number, answer: unknown, context: object): Action {
  if (chain.answered !== null) chain.answered(context)
  const fault = chain.own[at] === false ? null : illegality(chain.hook, answer)
  return decided(chain, at, fault === null ? (answer as Action) : failure(`${chain.labels[at]} ${fault}`, answer), context)
}

function decided(chain: Chain, at: number, action: Action, context: object): Action {
  if (chain.observe !== null) chain.observe({ hook: chain.hook, action, by: chain.labels[at] ?? '' }, context)
  return action
}

async function finish(compiled: CompiledPolicy, count: number, limit: Limit): Promise<readonly PolicyError[]> {
  const faults: PolicyError[] = []
  for (const policy of compiled.policies.slice(0, count).reverse()) {
    const fault = await runOnce(compiled, policy, 'fini', limit)
    if (fault !== null) faults.push(fault)
  }
  return faults
}

async function runOnce(compiled: CompiledPolicy, policy: Policy, hook: 'init' | 'fini', limit: Limit): Promise<PolicyError | null> {
  const [own] = functionsOf([policy], hook)
  if (own === undefined) return null
  try {
    const answer = own.run({ backends: compiled.backends, ok: verbs.ok })
    const settled = answer instanceof Promise ? await limit(answer) : answer
    const fault = settled === undefined ? null : illegality(hook, settled)
    return fault === null ? null : new PolicyError(`${own.label} ${fault}`)
  } catch (cause) {
    return new PolicyError(`${own.label} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

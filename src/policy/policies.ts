/** The policies at hand: the one in use, those before it that can be used again, and when each of them ends. */
import { basename, extname } from 'node:path'
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { Policy } from '../../vcl-ts/policy.ts'
import type { DecisionObserver } from '../../vcl-ts/run.ts'
import type { EventLog } from '../log.ts'
import { type ActiveDeps, type ActivePolicy, activatePolicy } from './active.ts'
import type { PolicyCopy, PolicyFollowers, PolicyState } from './followers.ts'
import { bundlePolicy, evaluatePolicy, type PolicyBundle } from './load.ts'
import { PolicyLoadError, PolicyNameError } from './load-error.ts'
import { KeptPolicy, PolicyLives } from './policy-lives.ts'
import type { VclLabels } from './vcl-file.ts'
import { PolicyWatch } from './watch.ts'

/** Policies at hand at most, the one in use among them; the oldest go first. */
const KEPT = 10

const NAME = /^[A-Za-z0-9_][\w.-]{0,63}$/

export interface PolicyInfo {
  readonly name: string
  /** `null` when it was not loaded from a file. */
  readonly file: string | null
  /** `active`: in use. `draining`: its last transactions end. `ready`: initialised, not in use. `kept`: its `fini` has run; using it evaluates it again. */
  readonly state: 'active' | 'draining' | 'ready' | 'kept'
  /** Transactions that began with it and have not ended. */
  readonly transactions: number
}

export interface PoliciesDeps extends ActiveDeps {
  readonly decisions: Decisions
  readonly log: EventLog
  /** Throws when a backend that a policy names cannot be used. */
  readonly vet: (backend: BackendChoice) => void
  /** What VCLs hand requests to. Default: nothing. */
  readonly vclLabels?: VclLabels
  /** Told of every hook's decision; `null` costs nothing. */
  readonly observe: DecisionObserver | null
}

export class Policies {
  /** Of the next transaction. */
  active: ActivePolicy
  readonly #deps: PoliciesDeps
  readonly #lives: PolicyLives
  #current: KeptPolicy
  #kept: KeptPolicy[]
  /** Loads and swaps come one after another. */
  #queue: Promise<unknown> = Promise.resolve()
  #watch: PolicyWatch | null = null
  #followers: PolicyFollowers | null = null
  #marks = 0

  /** `policy` is `null` for the built-in policy alone. Throws a `PolicyError`. */
  constructor(deps: PoliciesDeps, policy: Policy | null) {
    this.#deps = deps
    this.#lives = new PolicyLives(deps.log)
    const { decisions, observe, vet } = deps
    const make = (): ActivePolicy => activatePolicy(policy === null ? [] : [policy], decisions, deps, undefined, observe)
    this.active = make()
    for (const backend of Object.values(this.active.compiled.backends)) vet(backend)
    const start = async (): Promise<ActivePolicy> => {
      const made = make()
      await made.begin()
      return made
    }
    const name = policy === null ? 'builtin' : nameFrom(policy.name ?? 'policy')
    this.#current = new KeptPolicy({ name, mark: 0, bundle: null }, start)
    this.#kept = [this.#current]
  }

  /** Makes the first policy ready for traffic: that of a file, else the one given. Rejects with a `PolicyLoadError` or `PolicyError`. */
  async open(file: string | null): Promise<void> {
    if (file === null) {
      await this.active.begin()
      this.#lives.begin(this.#current, this.active)
      return
    }
    this.#kept = []
    this.#current = await this.#load(null, await this.#bundled(file))
    this.active = this.#current.running ?? this.active
  }

  /** From now on what is loaded, used and forgotten here is so there as well, and what one of them refuses is refused. */
  lead(followers: PolicyFollowers): void {
    this.#followers = followers
  }

  /** For a thread that begins to follow. */
  state(): PolicyState {
    const copies = this.#kept.map((kept) => ({ ...kept.copy, warm: kept.running !== null }))
    return { current: this.#current.name, copies }
  }

  /** In place of `open`, before there is traffic: has the policies of the thread that leads. Rejects when that in use cannot be used here. */
  follow({ current, copies }: PolicyState): Promise<void> {
    const [given] = this.#kept
    this.#kept = []
    return this.#inTurn(async () => {
      for (const { warm, ...copy } of copies) {
        const kept = copy.bundle === null && given !== undefined ? given : this.#made(copy)
        this.#kept.push(kept)
        if (copy.name === current) {
          this.active = await this.#lives.warm(kept)
          this.#current = kept
        } else if (warm)
          await this.#lives
            .warm(kept)
            .catch((error: unknown) => this.#deps.log.error({ err: error, policy: kept.name }, 'a policy cannot be made ready'))
      }
    })
  }

  /** As the thread that leads says: initialised, and used if `use`. Rejects when it cannot be; then nothing has changed. */
  adopt(copy: PolicyCopy, use: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#find(copy.name)
      const kept = known ?? this.#made(copy)
      const running = await this.#lives.warm(kept)
      if (known === undefined) this.#add(kept)
      if (use && kept !== this.#current) this.#swap(kept, running)
    })
  }

  /** Ends a policy that is not in use after all; it stays at hand. */
  rest(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const kept = this.#find(name)
      if (kept !== undefined && kept !== this.#current) this.#lives.retire(kept)
    })
  }

  /** Transactions are counted there, by the policies' numbers, for other threads to see. */
  countIn(cells: Float64Array): void {
    this.#lives.countIn(cells)
  }

  /**
   * Loads a file and initialises it, without using it yet. `name` `null`: the file's name without extension, with a number behind it if
   * that is taken. Resolves with the name. Rejects with a `PolicyLoadError`, or a `PolicyNameError` for a name that is taken or cannot be one.
   */
  load(name: string | null, file: string): Promise<string> {
    return this.#inTurn(async () => {
      if (name !== null && !NAME.test(name))
        throw new PolicyNameError(`${JSON.stringify(name)} cannot be a policy's name; use up to 64 letters, digits, . _ and -`)
      if (name !== null && this.#find(name) !== undefined) throw new PolicyNameError(`there is a policy ${name} already`)
      return (await this.#load(name, await this.#bundled(file))).name
    })
  }

  /** Uses a policy from the next transaction on; transactions under way keep theirs. Rejects as `load` does; then nothing has changed. */
  use(name: string): Promise<void> {
    return this.#inTurn(() => this.#use(this.#get(name)))
  }

  /** Loads the file of the policy in use anew and uses it. Resolves with `false` when it is refused: that is logged, and the policy before serves on. */
  reload(): Promise<boolean> {
    return this.#inTurn(() => this.#reload(false))
  }

  /** Forgets a policy that is not in use. Its transactions end with it, then its `fini` runs. Rejects with a `PolicyNameError`. */
  discard(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const kept = this.#get(name)
      if (kept === this.#current) throw new PolicyNameError(`the policy ${name} is in use; use another first`)
      this.#forget(kept)
    })
  }

  /** In the order in which they were loaded. */
  list(): readonly PolicyInfo[] {
    return this.#kept.map((kept) => ({
      name: kept.name,
      file: kept.bundle?.file ?? null,
      state: this.#stateOf(kept),
      transactions: this.#usersOf(kept),
    }))
  }

  /** Every backend and director that a policy at hand names; one that is merely kept names none until it is used. */
  *backends(): IterableIterator<{ readonly policy: string; readonly name: string; readonly backend: BackendChoice }> {
    for (const kept of this.#kept)
      for (const [name, backend] of Object.entries(kept.running?.compiled.backends ?? {})) yield { policy: kept.name, name, backend }
  }

  /** Calls back when policies have come or gone, and with them what `backends` tells. */
  onChange(changed: () => void): void {
    this.#lives.changed = changed
  }

  /** From now on a change of a file that the policy in use consists of reloads it. */
  watch(): void {
    const { clock, log } = this.#deps
    this.#watch ??= new PolicyWatch(clock, log, () => void this.#inTurn(() => this.#reload(true)))
    this.#watch.set(this.#current.bundle?.inputs ?? [])
  }

  /** Ends every policy, whatever still uses it. */
  async close(): Promise<void> {
    this.#watch?.close()
    await this.#queue
    await this.#lives.close()
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(job)
    this.#queue = done.catch(() => {})
    return done
  }

  #stateOf(kept: KeptPolicy): PolicyInfo['state'] {
    if (kept === this.#current) return 'active'
    if (kept.running !== null) return kept.draining ? 'draining' : 'ready'
    return this.#usersOf(kept) > 0 ? 'draining' : 'kept'
  }

  #usersOf(kept: KeptPolicy): number {
    return (kept.running?.users ?? 0) + (this.#followers?.users(kept.mark) ?? 0)
  }

  #bundled(file: string): Promise<PolicyBundle> {
    return bundlePolicy(file, 'policy', this.#deps.vclLabels)
  }

  async #load(name: string | null, bundle: PolicyBundle): Promise<KeptPolicy> {
    const kept = this.#made({ name: name ?? this.#freeName(bundle.file), bundle, mark: ++this.#marks })
    await this.#ready(kept)
    this.#add(kept)
    for (const old of this.#kept.filter((other) => other !== this.#current && other !== kept))
      if (this.#kept.length > KEPT) this.#forget(old)
    return kept
  }

  #made({ name, mark, bundle }: PolicyCopy): KeptPolicy {
    const { decisions, observe, vet } = this.#deps
    const start = async (): Promise<ActivePolicy> => {
      if (bundle === null) throw new PolicyNameError(`there is no policy ${JSON.stringify(name)} here`)
      const { policy, sources, refused } = evaluatePolicy(bundle)
      try {
        const made = activatePolicy([policy], decisions, this.#deps, sources, observe)
        for (const backend of Object.values(made.compiled.backends)) vet(backend)
        await made.begin()
        return made
      } catch (error) {
        throw refused(error)
      }
    }
    return new KeptPolicy({ name, mark, bundle }, start)
  }

  /** Initialised here and wherever the same policies are. Rejects when it cannot be; then it is nowhere. */
  async #ready(kept: KeptPolicy): Promise<ActivePolicy> {
    const before = kept.running
    const running = await this.#lives.warm(kept)
    try {
      await this.#followers?.prepare(kept.copy)
    } catch (error) {
      if (before === null) this.#lives.retire(kept)
      if (this.#kept.includes(kept)) this.#followers?.rest(kept.name)
      else this.#followers?.discard(kept.name)
      throw error
    }
    return running
  }

  async #use(kept: KeptPolicy): Promise<void> {
    const before = this.#current
    if (kept === before) return
    this.#swap(kept, await this.#ready(kept))
    await this.#followers?.use(kept.copy)
    this.#watch?.set(kept.bundle?.inputs ?? [])
    this.#deps.log.info(
      { event: 'policy', policy: kept.name, file: kept.bundle?.file, before: before.name },
      `the policy ${kept.name} is in use`,
    )
  }

  #swap(kept: KeptPolicy, running: ActivePolicy): void {
    const before = this.#current
    this.#current = kept
    this.active = running
    this.#lives.retire(before)
  }

  async #reload(onlyIfChanged: boolean): Promise<boolean> {
    const { bundle, name } = this.#current
    const { log } = this.#deps
    if (bundle === null) {
      log.warn({ event: 'policy', policy: name }, 'there is no policy file to reload')
      return false
    }
    try {
      const fresh = await this.#bundled(bundle.file)
      if (onlyIfChanged && fresh.code === bundle.code) this.#watch?.set(fresh.inputs)
      else await this.#use(await this.#load(null, fresh))
      return true
    } catch (error) {
      this.#watch?.loosen()
      const { file, line, column, reason } =
        error instanceof PolicyLoadError ? error : { file: bundle.file, line: null, column: null, reason: String(error) }
      log.error({ event: 'policy', policy: name, file, line, column, reason }, `the new policy is refused, and ${name} serves on`)
      return false
    }
  }

  /** It is at hand from now on, and so are its backends. */
  #add(kept: KeptPolicy): void {
    this.#kept.push(kept)
    this.#lives.changed()
  }

  #get(name: string): KeptPolicy {
    const kept = this.#find(name)
    if (kept !== undefined) return kept
    throw new PolicyNameError(`there is no policy ${JSON.stringify(name)}; there are ${this.#kept.map((each) => each.name).join(', ')}`)
  }

  #find(name: string): KeptPolicy | undefined {
    return this.#kept.find((kept) => kept.name === name)
  }

  #freeName(file: string): string {
    const base = nameFrom(basename(file, extname(file)))
    let name = base
    for (let number = 2; this.#find(name) !== undefined; number++) name = `${base}-${number}`
    return name
  }

  #forget(kept: KeptPolicy): void {
    this.#kept = this.#kept.filter((other) => other !== kept)
    this.#lives.retire(kept)
    this.#followers?.discard(kept.name)
  }
}

/** A name of the characters that a name may have. */
function nameFrom(text: string): string {
  const name = text
    .replace(/[^\w.-]/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 60)
  return name === '' ? 'policy' : name
}

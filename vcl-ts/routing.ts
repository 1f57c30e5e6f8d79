/** Which of the policies of `routes` a transaction belongs to: chosen once for each round through `recv`, and kept with its state. */
import type { Bereq, Req } from './context.ts'
import type { BackendChoice } from './directors/director.ts'
import type { EsiRules } from './esi.ts'
import { offer, type Taker } from './hand-over.ts'
import type { RequestHook } from './legal.ts'
import { flattenOutside, type Policy } from './policy.ts'
import type { Routing } from './routes.ts'

interface Chosen {
  /** Number of the member; -1: no route is for this request. */
  readonly member: number
  /** `req.restarts` when it was chosen. */
  readonly round: number
  /** The member's own, where the request went unless somebody said otherwise. */
  readonly backend: BackendChoice | null
}

interface Member {
  readonly backend: BackendChoice | null
  /** Its state, made when a request is found to be its; `null`: it has none. */
  readonly makeState: (() => object) | null
  readonly esi: readonly EsiRules[]
  /** Of routes within it. */
  readonly inner: readonly Router[]
}

type RoutedContext = { readonly state: Record<symbol, unknown>; readonly req: Req; readonly bereq: Bereq }

const NO_ROUTERS: readonly Router[] = []

export class Router implements Taker {
  readonly routing: Routing
  /** Of the members that requests are handed to. */
  readonly names: readonly string[]
  readonly #members: readonly Member[]
  readonly #slot = Symbol('route')

  constructor(routing: Routing) {
    this.routing = routing
    this.names = routing.names ?? []
    this.#members = routing.members.map(memberOf)
  }

  /** The number of the member whose request it is, -1 for none; chosen if it was not yet, or `recv` runs anew. */
  chosenIn(hook: RequestHook, context: object): number {
    const routed = context as RoutedContext
    const before = routed.state[this.#slot] as Chosen | undefined
    if (hook.startsWith('backend')) {
      if (before !== undefined) return before.member
      const { bereq } = routed
      return this.#choose(routed, bereq.headers.get('host') ?? '', bereq.url, undefined)
    }
    const { req } = routed
    if (before !== undefined && before.round === req.restarts) return before.member
    return this.#choose(routed, req.host, req.url, before)
  }

  /** The member in front has handed the request over. */
  take(context: object, name: string): void {
    const routed = context as RoutedContext
    const before = routed.state[this.#slot] as Chosen | undefined
    this.#belong(routed, this.names.indexOf(name) + 1, before)
    offer(routed.state, null)
  }

  /** The number of the member that was handed the request; -1: none was. */
  handedIn(context: object): number {
    const chosen = (context as RoutedContext).state[this.#slot] as Chosen | undefined
    return this.routing.names === null || chosen === undefined || chosen.member === 0 ? -1 : chosen.member
  }

  /** Of routes within the member that was chosen. */
  innerOf(member: number): readonly Router[] {
    return this.#members[member]?.inner ?? NO_ROUTERS
  }

  /** What the member that was chosen says of pages, and routes within it. */
  esiIn(state: object): readonly EsiRules[] {
    const chosen = (state as RoutedContext['state'])[this.#slot] as Chosen | undefined
    const member = chosen === undefined ? undefined : this.#members[chosen.member]
    return member === undefined ? [] : [...member.esi, ...member.inner.flatMap((router) => router.esiIn(state))]
  }

  #choose(context: RoutedContext, host: string, url: string, before: Chosen | undefined): number {
    if (this.routing.names !== null) {
      const member = before?.member ?? 0
      if (member === 0) offer(context.state, this)
      return this.#belong(context, member, before)
    }
    const query = url.indexOf('?')
    const route = this.routing.table.find(host, query < 0 ? url : url.slice(0, query))
    return this.#belong(context, this.routing.memberOf[route] ?? -1, before)
  }

  #belong(context: RoutedContext, member: number, before: Chosen | undefined): number {
    const { state, req } = context
    const found = this.#members[member]
    const backend = found?.backend ?? null
    if (req !== undefined && (req.backend === null || req.backend === before?.backend)) req.backend = backend
    if (found !== undefined && found.makeState !== null && before?.member !== member) Object.assign(state, found.makeState())
    state[this.#slot] = { member, round: req?.restarts ?? 0, backend } satisfies Chosen
    return member
  }
}

/** Chooses wherever it was not chosen yet: `recv` has decided. */
export function chooseAll(routers: readonly Router[], context: object): void {
  for (const router of routers) chooseAll(router.innerOf(router.chosenIn('recv', context)), context)
}

/** One for each `routes` of a stack, those within their members aside. */
export function routersOf(policies: readonly Policy[]): readonly Router[] {
  return policies.flatMap(({ stack, routes }) =>
    routes !== undefined ? [new Router(routes)] : stack === undefined ? [] : routersOf(stack),
  )
}

function memberOf(policy: Policy): Member {
  const own = flattenOutside([policy])
  const makers = own.flatMap(({ state }) => (state === undefined ? [] : [state]))
  return {
    backend: own.flatMap(({ backends }) => Object.values(backends ?? {}))[0] ?? null,
    makeState: makers.length === 0 ? null : () => Object.assign({}, ...makers.map((make) => make())),
    esi: own.flatMap(({ esi }) => (esi === undefined ? [] : [esi])),
    inner: routersOf([policy]),
  }
}

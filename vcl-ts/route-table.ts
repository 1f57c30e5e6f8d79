/** Finds the most specific of many routes: by host, then by path, in one walk over each. */
import type { ParsedRoute } from './route-pattern.ts'

interface PathNode {
  /** Of the path that ends here; -1: none. */
  exact: number
  /** Of all paths that go on behind this one; -1: none. */
  prefix: number
  readonly children: Map<string, PathNode>
}

/** Longest name that DNS has (RFC 1035 §2.3.4); what is longer is below no host. */
const LONGEST_HOST = 255

export class RouteTable {
  readonly #exact = new Map<string, PathNode>()
  readonly #below = new Map<string, PathNode>()
  readonly #any = newNode()

  /** Adds a route under a number. Answers the number that it has already when there is an equal one; then nothing changes. */
  add(route: ParsedRoute, number: number): number {
    let node = this.#rootFor(route)
    for (const segment of route.segments) node = childOf(node, segment)
    const kind = route.prefix ? 'prefix' : 'exact'
    if (node[kind] >= 0) return node[kind]
    node[kind] = number
    return number
  }

  /**
   * The number of the most specific route for a request, -1 if none is for it. A host goes before every wildcard, the longer wildcard
   * before the shorter, both before any host; among those of one host a whole path before its beginning, the longer before the shorter.
   * `host` is in normal form, its port does not count.
   */
  find(host: string, path: string): number {
    if (!path.startsWith('/')) return -1
    const name = withoutPort(host)
    const own = this.#exact.get(name)
    const found = own === undefined ? -1 : findPath(own, path)
    if (found >= 0) return found
    const below = this.#below.size === 0 || name.length > LONGEST_HOST ? -1 : this.#findBelow(name, path)
    return below >= 0 ? below : findPath(this.#any, path)
  }

  #findBelow(name: string, path: string): number {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const root = this.#below.get(name.slice(dot + 1))
      const found = root === undefined ? -1 : findPath(root, path)
      if (found >= 0) return found
    }
    return -1
  }

  #rootFor({ hosts, host }: ParsedRoute): PathNode {
    if (hosts === 'any') return this.#any
    const roots = hosts === 'exact' ? this.#exact : this.#below
    let root = roots.get(host)
    if (root === undefined) roots.set(host, (root = newNode()))
    return root
  }
}

function findPath(root: PathNode, path: string): number {
  let node = root
  let best = -1
  for (let from = 1; ; ) {
    if (node.prefix >= 0) best = node.prefix
    if (node.children.size === 0) return best
    const slash = path.indexOf('/', from)
    const child = node.children.get(slash < 0 ? path.slice(from) : path.slice(from, slash))
    if (child === undefined) return best
    if (slash < 0) return child.exact >= 0 ? child.exact : best
    node = child
    from = slash + 1
  }
}

function withoutPort(host: string): string {
  const colon = host.indexOf(':', host.startsWith('[') ? host.indexOf(']') : 0)
  return colon < 0 ? host : host.slice(0, colon)
}

function newNode(): PathNode {
  return { exact: -1, prefix: -1, children: new Map() }
}

function childOf(node: PathNode, segment: string): PathNode {
  let child = node.children.get(segment)
  if (child === undefined) node.children.set(segment, (child = newNode()))
  return child
}

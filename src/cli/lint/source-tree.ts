/** The syntax tree of a bundle, and where its nodes are in the user's sources. */
import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { type AnyNode, type Program, parse } from 'acorn'
import type { PolicyBundle } from '../../policy/load.ts'
import type { Place } from '../../policy/load-error.ts'

export class SourceTree {
  readonly program: Program
  readonly #map: SourceMap
  readonly #folder: string

  constructor(bundle: PolicyBundle) {
    this.program = parse(bundle.code, { ecmaVersion: 'latest', sourceType: 'script', locations: true, allowReturnOutsideFunction: true })
    this.#map = new SourceMap(JSON.parse(bundle.map))
    this.#folder = dirname(bundle.file)
  }

  /** `null` for what the bundler added. */
  placeOf(node: AnyNode): Place | null {
    const start = node.loc?.start
    if (start === undefined) return null
    const entry = this.#map.findEntry(start.line - 1, start.column)
    if (!('originalSource' in entry) || entry.originalSource === undefined || entry.generatedLine !== start.line - 1) return null
    return { file: resolve(this.#folder, entry.originalSource), line: entry.originalLine + 1, column: entry.originalColumn + 1 }
  }

  /** Where a key stands, `['limits', 'waiters']` within the object of `limits`; the first that is found. */
  placeOfKey(path: readonly string[]): Place | null {
    let within: AnyNode = this.program
    for (const name of path) {
      const found: AnyNode | undefined = descendants(within).find((node) => node.type === 'Property' && keyOf(node) === name)
      if (found === undefined) return null
      within = found
    }
    return this.placeOf(within)
  }
}

/** The name of a property or member that is written out, else `null`. */
export function keyOf(node: AnyNode): string | null {
  const key =
    node.type === 'Property' || node.type === 'MethodDefinition' ? node.key : node.type === 'MemberExpression' ? node.property : null
  if (key === null || !('computed' in node)) return null
  if (key.type === 'Literal') return String(key.value)
  return key.type === 'Identifier' && !node.computed ? key.name : null
}

/** The nodes directly within one, in the order of the source. */
export function children(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flatMap((value: unknown) => (Array.isArray(value) ? value : [value]))
    .filter(isNode)
}

/** All nodes within one, itself first, in the order of the source. */
export function descendants(node: AnyNode): AnyNode[] {
  return [node, ...children(node).flatMap(descendants)]
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

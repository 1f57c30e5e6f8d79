/** The syntax tree of a bundle, and where its nodes are in the user's sources. */
import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { type AnyNode, type Program, parse } from 'acorn'
import type { PolicyBundle } from '../../policy/load.ts'
import type { Place } from '../../policy/load-error.ts'

export class SourceTree {
  readonly program: Program
  /** Top-level names of the bundle and what they stand for. */
  readonly declared: ReadonlyMap<string, AnyNode>
  readonly #code: string
  readonly #map: SourceMap
  readonly #folder: string
  readonly #parents = new Map<AnyNode, AnyNode>()

  constructor(bundle: PolicyBundle) {
    this.program = parse(bundle.code, { ecmaVersion: 'latest', sourceType: 'script', locations: true, allowReturnOutsideFunction: true })
    this.#code = bundle.code
    this.#map = new SourceMap(JSON.parse(bundle.map))
    this.#folder = dirname(bundle.file)
    for (const node of descendants(this.program)) for (const child of children(node)) this.#parents.set(child, node)
    this.declared = new Map(this.program.body.flatMap(declarations))
  }

  /** As the bundle has it. */
  textOf(node: AnyNode): string {
    return this.#code.slice(node.start, node.end)
  }

  parentOf(node: AnyNode): AnyNode | null {
    return this.#parents.get(node) ?? null
  }

  /** From the parent outwards. */
  ancestors(node: AnyNode): AnyNode[] {
    const found: AnyNode[] = []
    for (let at = this.parentOf(node); at !== null; at = this.parentOf(at)) found.push(at)
    return found
  }

  /** What a name stands for, or the node itself; through one top-level name after another. */
  resolved(node: AnyNode): AnyNode {
    let at = node
    for (let steps = 0; steps < 10; steps++) {
      const next: AnyNode | undefined = at.type === 'Identifier' ? this.declared.get(at.name) : undefined
      if (next === undefined) return at
      at = next
    }
    return at
  }

  /** `null` for what the bundler added. */
  placeOf(node: AnyNode): Place | null {
    const start = node.loc?.start
    if (start === undefined) return null
    const entry = this.#map.findEntry(start.line - 1, start.column)
    if (!('originalSource' in entry) || entry.originalSource === undefined || entry.generatedLine !== start.line - 1) return null
    return { file: resolve(this.#folder, entry.originalSource), line: entry.originalLine + 1, column: entry.originalColumn + 1 }
  }

  /** Where a key of the default export stands, `['limits', 'waiters']` within the object of `limits`; else the first that is found. */
  placeOfKey(path: readonly string[]): Place | null {
    return this.#keyWithin(this.#exported(), path) ?? this.#keyWithin(this.program, path)
  }

  /** What the file itself exports comes last in its bundle. */
  #exported(): AnyNode {
    const [name] = [...this.declared.keys()].filter((each) => each.endsWith('_default')).slice(-1)
    const value = name === undefined ? this.program : this.resolved(this.declared.get(name) ?? this.program)
    const [argument] = value.type === 'CallExpression' ? value.arguments : []
    return argument === undefined ? value : this.resolved(argument)
  }

  #keyWithin(outer: AnyNode, path: readonly string[]): Place | null {
    let within = outer
    for (const name of path) {
      const found: AnyNode | undefined = descendants(within).find((node) => node.type === 'Property' && keyOf(node) === name)
      if (found === undefined) return null
      within = found
    }
    return this.placeOf(within)
  }
}

function declarations(node: AnyNode): (readonly [string, AnyNode])[] {
  if (node.type === 'FunctionDeclaration') return [[node.id?.name ?? '', node]]
  if (node.type !== 'VariableDeclaration') return []
  return node.declarations.flatMap(({ id, init }) => (id.type === 'Identifier' && init ? [[id.name, init] as const] : []))
}

/** The name of a property or member that is written out, else `null`. */
export function keyOf(node: AnyNode): string | null {
  if (node.type !== 'Property' && node.type !== 'MemberExpression') return null
  const key = node.type === 'Property' ? node.key : node.property
  if (key.type === 'Literal') return String(key.value)
  return key.type === 'Identifier' && !node.computed ? key.name : null
}

/** The last name of what is called: `acl` of `acl()`, `x.acl()` and the bundler's `(0, x.acl)()`. */
export function calleeName(node: AnyNode): string | null {
  if (node.type !== 'CallExpression') return null
  const callee = node.callee.type === 'SequenceExpression' ? node.callee.expressions.at(-1) : node.callee
  if (callee === undefined) return null
  return callee.type === 'Identifier' ? callee.name : keyOf(callee)
}

/** The text of a string that is written out, else `null`. */
export function stringOf(node: AnyNode | undefined | null): string | null {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0]?.value.cooked ?? null
  return null
}

/** The nodes directly within one, in the order of the source. */
export function children(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flatMap((value: unknown) => (Array.isArray(value) ? value : [value]))
    .filter(isNode)
}

/** All nodes within one, itself first, in the order of the source. */
export function descendants(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = []
  const waiting = [node]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    found.push(next)
    waiting.push(...children(next).reverse())
  }
  return found
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

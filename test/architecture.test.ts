import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** From left to right; what stands together does not import each other. A folder may import only what stands to its right. */
const LAYERS: readonly (readonly string[])[] = [
  ['main'],
  ['cli'],
  ['index'],
  ['workers'],
  ['server'],
  ['admin', 'testing'],
  ['assembly'],
  ['stores'],
  ['listen'],
  ['request'],
  ['esi', 'fetch'],
  ['policy', 'origin', 'storage', 'invalidation'],
  ['redis'],
  ['object'],
  ['body'],
  ['wire'],
  ['vcl', 'vsl'],
  ['ground'],
  ['vcl-ts'],
]

const GROUND = /^src\/(?:clock|primitives|errors|access-log|log(?:-[a-z]+)?|counters?(?:-[a-z]+)?|config\/[a-z-]+)\.ts$/

/** Each runtime dependency and the only files that may import it. */
const HOMES: Readonly<Record<string, RegExp>> = {
  acorn: /^src\/cli\/lint\//,
  commander: /^src\/cli\//,
  esbuild: /^src\/policy\/load-bundle\.ts$/,
  'http-cache-semantics': /^src\/wire\/freshness\.ts$/,
  ioredis: /^src\/redis\//,
  jose: /^src\/policy\/services\//,
  'lru-cache': /^src\/(?:object\/shared-text\.ts$|policy\/services\/)/,
  pino: /^src\/log\.ts$/,
  'structured-headers': /^src\/wire\/(?:targeted|groups)\.ts$/,
  // What requests to the admin bring is checked, and described for others, by the same schemas.
  zod: /^src\/(?:config|admin)\//,
}

/** Imports that the layers do not allow, each with its reason. */
const EXCEPTIONS: readonly (readonly [from: string, to: string])[] = [
  // The demo's launcher is the only door to examples/.
  ['src/cli/demo.ts', 'examples/shop/server.ts'],
]

interface Import {
  readonly from: string
  /** A path in the repository, or a package's or built-in module's name. */
  readonly to: string
  readonly typeOnly: boolean
}

const FILES = ['src', 'vcl-ts'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
)

const IMPORTS: readonly Import[] = FILES.flatMap(importsOf)

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm)
  const dynamic = text.matchAll(/\b(?:import|require|createRequire\(import\.meta\.url\))\(\s*'([^']+)'\s*\)/g)
  return [
    ...Array.from(statements, ([, type, name = '']) => ({ from: file, to: target(file, name), typeOnly: type !== undefined })),
    ...Array.from(dynamic, ([, name = '']) => ({ from: file, to: target(file, name), typeOnly: false })),
  ]
}

function target(file: string, name: string): string {
  return name.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), name)) : name
}

function layerOf(file: string): string {
  if (file.startsWith('vcl-ts/')) return 'vcl-ts'
  if (GROUND.test(file)) return 'ground'
  return (file.split('/')[1] ?? '').replace(/\.ts$/, '')
}

const rank = (layer: string): number => LAYERS.findIndex((group) => group.includes(layer))
const isPath = (to: string): boolean => to.endsWith('.ts')
const isBuiltin = (to: string): boolean => to.startsWith('node:') || builtinModules.includes(to)
const excepted = ({ from, to }: Import): boolean => EXCEPTIONS.some(([a, b]) => a === from && b === to)
const shown = ({ from, to }: Import): string => `${from} → ${to}`

describe('the architecture', () => {
  it('has a layer for every file', () => {
    expect(FILES.filter((file) => rank(layerOf(file)) < 0)).toEqual([])
    expect(FILES.length).toBeGreaterThan(50)
  })

  it('imports to the right only', () => {
    const wrong = IMPORTS.filter((item) => {
      if (!isPath(item.to) || excepted(item)) return false
      const from = layerOf(item.from)
      const to = layerOf(item.to)
      return item.to.startsWith('..') || !FILES.includes(item.to) || (from !== to && rank(to) <= rank(from))
    })
    expect(wrong.map(shown)).toEqual([])
  })

  it('has no exception that nothing needs', () => {
    expect(EXCEPTIONS.filter(([from, to]) => !IMPORTS.some((item) => item.from === from && item.to === to))).toEqual([])
  })

  it('has no cycles: no two files need each other to run', () => {
    const edges = new Map<string, string[]>()
    // Within a folder a type may look back, as a step's does at the transaction that it belongs to; between folders the layers forbid that too.
    for (const { from, to, typeOnly } of IMPORTS) if (isPath(to) && !typeOnly) edges.set(from, [...(edges.get(from) ?? []), to])
    expect(cycles(edges)).toEqual([])
  })

  it('lets a request know of fetching only how to start it', () => {
    const wrong = IMPORTS.filter(
      ({ from, to, typeOnly }) => layerOf(from) === 'request' && to.startsWith('src/fetch/') && !typeOnly && to !== 'src/fetch/start.ts',
    )
    expect(wrong.map(shown)).toEqual([])
  })

  it('keeps the vocabulary of policies free of everything else', () => {
    const wrong = IMPORTS.filter(({ from, to }) => from.startsWith('vcl-ts/') && !to.startsWith('vcl-ts/'))
    expect(wrong.map(shown)).toEqual([])
  })

  it('keeps what HTTP says pure: no clock, no sockets to open, no files', () => {
    const allowed = new Set(['node:net', 'node:crypto', 'node:buffer'])
    const wrong = IMPORTS.filter(
      ({ from, to }) => from.startsWith('src/wire/') && (to === 'src/clock.ts' || (isBuiltin(to) && !allowed.has(to))),
    )
    expect(wrong.map(shown)).toEqual([])
  })

  it('reads options and environment only where a process starts; the rest takes settings', () => {
    const readers = new Set(['cli', 'index', 'server', 'assembly', 'admin', 'workers', 'ground'])
    const wrong = IMPORTS.filter(
      ({ from, to }) => to.startsWith('src/config/') && to !== 'src/config/settings.ts' && !readers.has(layerOf(from)),
    )
    expect(wrong.map(shown)).toEqual([])
    const environment = FILES.filter(
      (file) => layerOf(file) !== 'cli' && /\bprocess\.(?:env|argv)\b/.test(readFileSync(join(ROOT, file), 'utf8')),
    )
    expect(environment).toEqual(['src/main.ts'])
  })

  it('gives every runtime dependency one home, where it is used', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
    const packages = IMPORTS.filter(({ to }) => !isPath(to) && !isBuiltin(to)).map((item) => ({ ...item, name: packageOf(item.to) }))
    const astray = packages.filter(({ from, name }) => !HOMES[name]?.test(from))
    expect(astray.map(shown)).toEqual([])
    const used = new Set(packages.map(({ name }) => name))
    expect([...used].sort()).toEqual(Object.keys(manifest.dependencies).sort())
  })

  it('has no install script, so that installing runs no code', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    expect(Object.keys(scripts).filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name))).toEqual([])
  })
})

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Each cycle as a path of files, found by depth-first search. */
function cycles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) {
      found.push([...path.slice(at), file].join(' → '))
      return
    }
    if (done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return found
}

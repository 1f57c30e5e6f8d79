/** A policy file, one with the configuration, or a test, and all that it imports as one function body, types stripped; the only place that knows esbuild. */
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildOptions, Message } from 'esbuild'
import { type Place, PolicyLoadError } from './load-error.ts'
import type { VclLabels, VclPolicy } from './vcl-file.ts'

export interface PolicyBundle {
  /** The policy's own file, absolute. */
  readonly file: string
  /** The body of a function of `module`, `exports` and `require`. */
  readonly code: string
  /** Its source map, as JSON; paths in it are relative to the file's folder. */
  readonly map: string
  /** Every file that went into it, absolute. */
  readonly inputs: readonly string[]
}

let underWay = 0

export type SourceKind = 'policy' | 'configuration' | 'test'

/**
 * Bundles a file; VCL is translated first, with those that it hands requests to by `labels`. `clearcoat/vcl-ts` and Node's own modules stay outside, whoever evaluates it gives them. Rejects with a
 * `PolicyLoadError` for a file that is not there, a syntax error, an import that leads nowhere, `import.meta` and top-level await.
 */
export async function bundlePolicy(path: string, kind: SourceKind = 'policy', labels: VclLabels = {}): Promise<PolicyBundle> {
  const { file, folder } = await fileAt(path)
  const vcl = file.endsWith('.vcl') && kind === 'policy' ? await translated(file, labels) : null
  return bundle(file, kind, vcl, {
    absWorkingDir: folder,
    outdir: folder,
    format: 'cjs',
    target: 'node24',
    external: ['clearcoat', 'clearcoat/*'],
    // Without a module loader behind it, import() becomes a require() in a promise.
    supported: { 'dynamic-import': false },
    logOverride: { 'empty-import-meta': 'error' },
    sourcemap: 'external',
  })
}

/**
 * Bundles a test and the policy that it imports into a module for a process of its own, in `folder` beside its map. `given`: the addresses of
 * the modules that are not bundled, by name. Rejects as `bundlePolicy` does, but for `import.meta` and top-level await.
 */
export async function bundleTest(path: string, folder: string, given: ReadonlyMap<string, string>): Promise<PolicyBundle> {
  const { file } = await fileAt(path)
  const address = pathToFileURL(file).href
  return bundle(file, 'test', null, {
    absWorkingDir: folder,
    outdir: folder,
    format: 'esm',
    target: 'node24',
    sourcemap: 'linked',
    outExtension: { '.js': '.mjs' },
    // Packages in the older form of modules ask for others by require().
    banner: {
      js: `import { createRequire as _createRequire } from 'node:module'; const require = _createRequire(${JSON.stringify(address)});`,
    },
    define: {
      'import.meta.url': JSON.stringify(address),
      'import.meta.filename': JSON.stringify(file),
      'import.meta.dirname': JSON.stringify(dirname(file)),
    },
    plugins: [
      {
        name: 'clearcoat',
        setup: (made) => {
          made.onResolve({ filter: /^clearcoat(?:\/|$)/ }, ({ path: name }) => {
            const found = given.get(name)
            if (found !== undefined) return { path: found, external: true }
            return {
              errors: [
                { text: `a test cannot import ${JSON.stringify(name)}; it imports ${[...given.keys()].join(', ')}, files and packages` },
              ],
            }
          })
          made.onResolve({ filter: /^(?:vitest|@jest\/globals)$/ }, ({ path: name }) => ({
            errors: [{ text: `${name} has a runner of its own; import test and expect from clearcoat/vcl-ts/testing` }],
          }))
        },
      },
    ],
  })
}

async function fileAt(path: string): Promise<{ readonly file: string; readonly folder: string }> {
  const file = resolve(path)
  const found = await stat(file).catch(() => null)
  if (found === null || !found.isFile())
    throw new PolicyLoadError(file, found === null ? 'there is no such file' : 'it is not a file', null)
  return { file, folder: dirname(file) }
}

/** Whoever has no VCL pays nothing for it. */
async function translated(file: string, labels: VclLabels): Promise<VclPolicy> {
  return (await import('./vcl-file.ts')).policyOfVcl(file, labels)
}

async function bundle(
  file: string,
  kind: SourceKind,
  vcl: VclPolicy | null,
  options: BuildOptions & { readonly absWorkingDir: string },
): Promise<PolicyBundle> {
  const { build, stop } = await import('esbuild')
  const folder = options.absWorkingDir
  underWay++
  try {
    const { outputFiles, metafile } = await build({
      ...options,
      ...(vcl === null
        ? { entryPoints: [file] }
        : { stdin: { contents: vcl.code, resolveDir: folder, sourcefile: `${file}.ts`, loader: 'ts' as const } }),
      bundle: true,
      write: false,
      platform: 'node',
      charset: 'utf8',
      logLevel: 'silent',
      metafile: true,
      sourcesContent: false,
    })
    const text = (ending: RegExp): string => outputFiles.find((output) => ending.test(output.path))?.text ?? ''
    // Of a symbolic link the bundle names the target; a change of either counts.
    const given = vcl === null ? Object.keys(metafile.inputs).map((input) => resolve(folder, input)) : vcl.files
    const inputs = new Set([file, ...given])
    return { file, code: text(/js$/), map: text(/js\.map$/), inputs: [...inputs] }
  } catch (cause) {
    throw refusal(file, folder, kind, cause)
  } finally {
    // Its helper process would stay for as long as ours.
    if (--underWay === 0) await stop()
  }
}

function refusal(file: string, folder: string, kind: SourceKind, cause: unknown): PolicyLoadError {
  const { errors = [] } = cause as { errors?: readonly Message[] }
  const [first] = errors
  if (first === undefined) return new PolicyLoadError(file, cause instanceof Error ? cause.message : String(cause), null, { cause })
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`
  return new PolicyLoadError(file, `${inWords(first, kind)}${more}`, placeOf(first, folder))
}

function inWords({ id, text }: Message, kind: SourceKind): string {
  if (text.startsWith('Top-level await'))
    return `a ${kind} cannot await at its top level${kind === 'policy' ? '; init is the place for that' : ''}`
  if (id === 'empty-import-meta') return `a ${kind} has no import.meta: it is bundled into one function`
  return text
}

/** Columns of esbuild count bytes from 0. */
function placeOf({ location }: Message, folder: string): Place | null {
  if (location === null) return null
  const before = Buffer.from(location.lineText).subarray(0, location.column).toString()
  return { file: resolve(folder, location.file), line: location.line, column: before.length + 1 }
}

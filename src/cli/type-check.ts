/** The types of a policy, checked by the TypeScript compiler of the user's project. */
import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Finding } from './lint/finding.ts'

export interface TypeCheck {
  readonly findings: readonly Finding[]
  /** What was used, or why nothing was. */
  readonly note: string
}

const PATIENCE_MS = 120_000
const OWN_TYPES = fileURLToPath(new URL('../../vcl-ts/', import.meta.url))
/** Lines of one of the compiler's messages that are shown. */
const LINES = 6

/** Spawns `tsc`: of `node_modules` from the file's folder upwards, else of PATH. Options are those of the nearest `tsconfig.json`. */
export async function typeCheck(file: string, path: string): Promise<TypeCheck> {
  if (!/\.[cm]?ts$/.test(file)) return { findings: [], note: 'types were not checked: the policy is JavaScript' }
  const tsc = compilerFor(file, path)
  if (tsc === null) return { findings: [], note: 'types were not checked: no tsc is installed; npm install --save-dev typescript' }
  const project = upwards(dirname(file), 'tsconfig.json')
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'clearcoat-check-')))
  try {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(projectFor(file, project)))
    const { output, failed } = await run(tsc, ['--project', folder, '--pretty', 'false'], dirname(file), path)
    const all = findingsIn(output, file, dirname(file))
    const findings = hasNodeTypes(file) ? all : all.filter((finding) => !wantsNodeTypes(finding))
    if (failed && all.length === 0)
      return { findings: [], note: `types were not checked: ${tsc} failed: ${output.trim().slice(0, 300) || 'it says nothing'}` }
    const missing = findings.length < all.length ? '; @types/node is not installed, so what comes from Node.js was not checked' : ''
    return { findings, note: `types checked by ${tsc}${project === null ? '' : ` with ${project}`}${missing}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function compilerFor(file: string, path: string): string | null {
  const folders = [...above(dirname(file)).map((folder) => join(folder, 'node_modules', '.bin')), ...path.split(delimiter)]
  return folders.map((folder) => join(folder, 'tsc')).find(isExecutable) ?? null
}

/** A project of this one file, with the options of the user's if there is one. */
function projectFor(file: string, project: string | null): object {
  const root = dirname(project ?? file)
  const typeRoots = above(root)
    .map((folder) => join(folder, 'node_modules', '@types'))
    .filter(existsSync)
  const own = resolves(file) ? {} : { paths: { 'clearcoat/vcl-ts': [ownTypes()] } }
  const always = {
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    composite: false,
    incremental: false,
    typeRoots,
    ...own,
  }
  if (project !== null) return { extends: project, files: [file], include: [], exclude: [], references: [], compilerOptions: always }
  // As the bundler reads it.
  const usual = { strict: true, target: 'esnext', module: 'esnext', moduleResolution: 'bundler', resolveJsonModule: true }
  // Node's timers, URL, fetch and console are also in the browser's types.
  const globals = hasNodeTypes(file) ? { lib: ['esnext'], types: ['node'] } : { lib: ['esnext', 'dom'], types: [] }
  return { files: [file], compilerOptions: { ...usual, ...globals, ...always } }
}

function hasNodeTypes(file: string): boolean {
  return above(dirname(file)).some((folder) => existsSync(join(folder, 'node_modules', '@types', 'node')))
}

/** Whether the file's own project has the package. */
function resolves(file: string): boolean {
  try {
    return existsSync(createRequire(file).resolve('clearcoat/vcl-ts'))
  } catch {
    return false
  }
}

function ownTypes(): string {
  const [found = ''] = ['index.d.ts', 'index.ts'].map((name) => join(OWN_TYPES, name)).filter(existsSync)
  return found
}

function run(
  tsc: string,
  args: readonly string[],
  cwd: string,
  path: string,
): Promise<{ readonly output: string; readonly failed: boolean }> {
  // The compiler runs on the Node.js that runs this.
  const env = { ...process.env, PATH: [dirname(process.execPath), path].join(delimiter) }
  return new Promise((done) => {
    execFile(tsc, [...args], { cwd, env, timeout: PATIENCE_MS, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      done({ output: `${stdout}${stderr}`, failed: error !== null })
    })
  })
}

/** `shop.ts(3,5): error TS2345: …`, with more on indented lines. What packages get wrong is not the user's to mend. */
function findingsIn(output: string, policy: string, folder: string): Finding[] {
  const found: Finding[] = []
  for (const [, where = '', line, column, rule = '', first = '', rest = ''] of output.matchAll(
    /^(?:(.+)\((\d+),(\d+)\): )?error (TS\d+): (.*)((?:\r?\n[ \t]+.*)*)/gm,
  )) {
    const at = where === '' ? policy : resolve(folder, where)
    if (at.includes('/node_modules/') || at.startsWith(OWN_TYPES)) continue
    const more = rest.split(/\r?\n/).filter((text) => text.trim() !== '')
    found.push({
      rule,
      severity: 'error',
      file: at,
      line: line === undefined ? null : Number(line),
      column: column === undefined ? null : Number(column),
      message: [first, ...more.slice(0, LINES - 1)].join('\n'),
      how: '',
    })
  }
  return found
}

/** `process`, `Buffer` and `node:` modules that the compiler does not know. */
function wantsNodeTypes({ rule, message }: Finding): boolean {
  return rule === 'TS2580' || rule === 'TS2591' || (rule === 'TS2307' && /'node:/.test(message))
}

function above(folder: string): string[] {
  const parent = dirname(folder)
  return parent === folder ? [folder] : [folder, ...above(parent)]
}

function upwards(folder: string, name: string): string | null {
  return (
    above(folder)
      .map((each) => join(each, name))
      .find(existsSync) ?? null
  )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The reference of hooks, nouns, verbs, steps, decisions and reasons, made from the tables that the product runs on. */
import { readFileSync } from 'node:fs'
import { DECISIONS } from '../../vcl-ts/builtin/decision-table.ts'
import { DECISION_FIELDS, PRESETS } from '../../vcl-ts/builtin/decisions.ts'
import { STEPS } from '../../vcl-ts/builtin/step-names.ts'
import { HOOKS, LEGAL, NOUNS } from '../../vcl-ts/legal.ts'
import { HOOK_PROSE, STEP_PROSE } from '../../vcl-ts/prose.ts'
import { REASONS } from '../../vcl-ts/reason.ts'
import { type Field, type Interface, readInterfaces } from './interfaces.ts'

export const PAGE: URL = new URL('../../vcl-ts/REFERENCE.md', import.meta.url)

const source = (name: string): ReadonlyMap<string, Interface> =>
  readInterfaces(readFileSync(new URL(`../../vcl-ts/${name}.ts`, import.meta.url), 'utf8'))

/** Interfaces in the order in which the page shows them, and what a hook calls them. */
const SHOWN: readonly (readonly [name: string, title: string])[] = [
  ['Client', 'client'],
  ['Session', 'session'],
  ['Req', 'req'],
  ['OriginalRequest', 'req.original'],
  ['Key', 'key'],
  ['Purged', 'purged'],
  ['Obj', 'obj'],
  ['ObjStale', 'objStale'],
  ['Resp', 'resp'],
  ['RespSynth', 'resp in synth'],
  ['Bereq', 'bereq'],
  ['Beresp', 'beresp'],
  ['BerespError', 'beresp in backendError'],
  ['ResponseControl', 'beresp.control'],
  ['CacheControl', 'req.cacheControl'],
  ['Filter', 'a filter'],
]

/** What the toolbox's objects can do, and what its functions take: where the interface is, its name, and whose it is. */
const TOOLS: readonly (readonly [file: string, name: string, title: string])[] = [
  ['hook-tools', 'HookTools', 'Every request hook’s `log` and `healthy`'],
  ['acl', 'Acl', '`acl(…)`'],
  ['cookies', 'Cookies', '`cookies`'],
  ['set-cookie', 'SetCookieOptions', 'Options of `setCookie`'],
  ['query', 'Query', '`query`'],
  ['fields', 'Fields', '`fields`'],
  ['accept', 'Accept', '`accept`'],
  ['geo', 'GeoOptions', 'Options of `geo`'],
  ['redirect', 'RedirectOptions', 'Options of `redirect`'],
  ['page', 'Pages', '`page`'],
  ['page', 'PageOptions', 'Options of `page`'],
  ['page', 'ProblemMembers', 'A problem'],
  ['cors', 'CorsOptions', 'Options of `cors`'],
  ['security-headers', 'SecurityHeadersOptions', 'Options of `securityHeaders`'],
  ['security-headers', 'Hsts', '`hsts` of `securityHeaders`'],
  ['signed-urls', 'SignedUrlsOptions', 'Options of `signedUrls`'],
  ['signed-urls', 'SignedUrls', '`signedUrls(…)`'],
  ['signed-urls', 'SignOptions', 'Options of `sign`'],
  ['vars', 'VarsOptions', 'Options of `vars`'],
  ['vars', 'Vars', '`vars(…)`'],
  ['convert', 'Convert', '`convert`'],
  ['glob', 'GlobOptions', 'Options of `fnmatch`'],
  ['blob', 'BlobCodec', '`blob`'],
]

/** Options of functions: where their interface is, its name, and whose they are. */
const OPTIONS: readonly (readonly [file: string, name: string, title: string])[] = [
  ['probe', 'ProbeOptions', '`probe` of a backend'],
  ['directors/build', 'DirectorOptions', 'every director'],
  ['directors/ejection', 'EjectionOptions', '`ejection` of a director'],
  ['directors/build', 'WeightedOptions', '`random`, `leastConnections`'],
  ['directors/build', 'KeyOptions', '`hash`, `sticky`'],
  ['directors/build', 'ConsistentOptions', '`consistent`'],
  ['directors/build', 'FallbackOptions', '`fallback`'],
  ['directors/build', 'ByNameOptions', '`byName`'],
  ['directors/split', 'SplitOptions', '`split`'],
  ['presets/site', 'PresetOptions', 'every preset'],
  ['presets/magento', 'MagentoOptions', '`magento`'],
  ['presets/shopware', 'ShopwareOptions', '`shopware`'],
  ['presets/symfony', 'SymfonyOptions', '`symfony`'],
  ['presets/static-site', 'StaticSiteOptions', '`staticSite`'],
  ['presets/api', 'ApiOptions', '`api`'],
]

/** Options of services. */
const SERVICE_OPTIONS: typeof OPTIONS = [
  ['services/rate-limit', 'RateRule', '`rateLimit`'],
  ['services/rate-limit', 'RateLimitPolicyOptions', '`policy` of `rateLimit`'],
  ['services/gate', 'GateOptions', '`session`, and `policy` of `basicAuth`, `jwt`, `forwardAuth`'],
  ['services/basic-auth', 'BasicAuthOptions', '`basicAuth`'],
  ['services/basic-auth', 'BasicAuthPolicyOptions', '`policy` of `basicAuth`'],
  ['services/jwt', 'JwtOptions', '`jwt`'],
  ['services/jwt', 'JwtPolicyOptions', '`policy` of `jwt`'],
  ['services/forward-auth', 'ForwardAuthOptions', '`forwardAuth`'],
  ['session', 'SessionOptions', '`session`'],
  ['services/memo', 'MemoOptions', '`memo`'],
  ['services/http-client', 'HttpClientOptions', '`httpClient`'],
  ['services/http-client', 'HttpRequest', '`fetch` of `httpClient`'],
]

export function referencePage(): string {
  const interfaces = new Map([...source('context'), ...source('cache-control'), ...source('filters')])
  const actions = source('actions')
  const verbs = actions.get('Verbs')
  if (verbs === undefined) throw new Error('vcl-ts/actions.ts has no interface Verbs')
  return [
    '# Reference: hooks, nouns, verbs, steps, decisions',
    '',
    'Made from the source by `npm run reference`; a test compares it. How they work together: [README.md](README.md).',
    '',
    '## Hooks',
    '',
    ...table(
      ['hook', 'runs', 'actions', 'when nobody answers'],
      HOOKS.map((hook) => [code(hook), HOOK_PROSE[hook].runs, LEGAL[hook].map(code).join(' '), HOOK_PROSE[hook].unanswered]),
    ),
    '',
    '## What a hook sees',
    '',
    ...table(
      ['hook', 'nouns', 'may change'],
      HOOKS.map((hook) => [code(hook), NOUNS[hook].map(code).join(' '), HOOK_PROSE[hook].changes]),
    ),
    '',
    '`now` is seconds since the Unix epoch and stands still during a hook. `signal` is an `AbortSignal`, aborted when the hook is late or fails, the client leaves, or the transaction is over. `state` is what the policy’s `state()` made. `backends` are those of the policy.',
    '',
    '## Verbs',
    '',
    'Each builds the action of its name; a hook’s context has those that are legal there.',
    '',
    ...fieldTable(verbs, false, (verb) => [actions.get(verb.type.replace(/^.* => /, ''))?.prose ?? '', verb.prose].join(' ').trim()),
    '',
    '## Nouns',
    '',
    'Times are seconds. What is not marked *rw* can only be read; in a hook that may not change a noun none of it can be written.',
    ...SHOWN.flatMap(([name, title]) => noun(interfaces, name, title)),
    '',
    '## Backends',
    '',
    "What `backend(url, options)` and the directors take. Where a duration is set, text such as `'5s'` will do.",
    ...OPTIONS.flatMap(([file, name, title]) => options(source(file), name, title)),
    '',
    '## Toolbox',
    '',
    'How it is used: [README.md](README.md#toolbox).',
    ...TOOLS.flatMap(([file, name, title]) => tool(source(file), name, title)),
    '',
    '## Services',
    '',
    'What they do: [README.md](README.md#services).',
    ...SERVICE_OPTIONS.flatMap(([file, name, title]) => options(source(file), name, title)),
    '',
    '## Types',
    '',
    'What `clearcoat/vcl-ts` exports besides values, for policies that name them:',
    '',
    `${exportsOf()
      .flatMap(({ name, type }) => (type ? [code(name)] : []))
      .join(' ')}`,
    '',
    '## Built-in steps',
    '',
    'In the order in which they run behind the policies’ own hooks.',
    '',
    ...table(
      ['hook', 'step', 'does'],
      Object.entries(STEPS).flatMap(([hook, steps]) => steps.map((step) => [code(hook), code(step), STEP_PROSE[step]])),
    ),
    '',
    '## What the presets decide',
    '',
    '`values` are the names under which the engine reads a row.',
    '',
    ...table(
      ['rule', '`safe` (default)', '`rfc9111`', '`varnish`', 'clause', 'values'],
      DECISIONS.map((row) => [row.rule, ...PRESETS.map((preset) => row[preset]), row.clause, valuesOf(row.id)]),
    ),
    '',
    '## Reasons',
    '',
    'Why a request was answered as it was, or an answer kept as it was: in `Cache-Status`, log and counters.',
    '',
    ...table(
      ['reason', 'meaning'],
      Object.entries(REASONS).map(([reason, meaning]) => [code(reason), meaning]),
    ),
    '',
  ].join('\n')
}

function noun(interfaces: ReadonlyMap<string, Interface>, name: string, title: string): string[] {
  const shape = interfaces.get(name)
  if (shape === undefined) throw new Error(`there is no interface ${name}`)
  const base = SHOWN.find(([other]) => new RegExp(`\\b${other}\\b`).test(shape.base))?.[1]
  const also = base === undefined ? '' : ` With all of \`${base}\`${butFor(shape.base)}, and:`
  return ['', `### ${title}`, '', `${shape.prose}${also}`, '', ...fieldTable(shape, true)]
}

/** Of `Omit<Beresp, 'control' | 'filters'>`. */
function butFor(base: string): string {
  const left = Array.from(base.matchAll(/'(\w+)'/g), ([, name = '']) => code(name))
  return left.length === 0 ? '' : ` but ${left.join(', ')}`
}

function options(interfaces: ReadonlyMap<string, Interface>, name: string, title: string): string[] {
  const shape = interfaces.get(name)
  if (shape === undefined) throw new Error(`there is no interface ${name}`)
  const base = OPTIONS.find(([, other]) => new RegExp(`\\b${other}\\b`).test(shape.base))?.[2]
  return [
    '',
    `### Options of ${title}`,
    '',
    ...(base === undefined ? [] : [`With those of ${base}, and:`, '']),
    ...fieldTable(shape, false),
  ]
}

function tool(interfaces: ReadonlyMap<string, Interface>, name: string, title: string): string[] {
  const shape = interfaces.get(name)
  if (shape === undefined) throw new Error(`there is no interface ${name}`)
  return ['', `### ${title}`, '', ...fieldTable(shape, false)]
}

/** The names that a policy can import, in the order of the alphabet. */
export function exportsOf(): readonly { readonly name: string; readonly type: boolean }[] {
  const index = readFileSync(new URL('../../vcl-ts/index.ts', import.meta.url), 'utf8')
  const named = Array.from(index.matchAll(/^export (type )?\{([^}]*)\} from/gm), ([, types, list = '']) =>
    list
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '')
      .map((each) => ({ name: each.replace(/^type /, ''), type: types !== undefined || each.startsWith('type ') })),
  )
  const spaces = Array.from(index.matchAll(/^export \* as (\w+) from/gm), ([, name = '']) => ({ name, type: false }))
  return [...named.flat(), ...spaces].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function fieldTable(shape: Interface, marks: boolean, meaning: (field: Field) => string = ({ prose }) => prose): string[] {
  return table(
    ['name', 'type', 'meaning'],
    shape.fields.map((field) => [
      `${code(field.name)}${marks && !field.readonly && !field.type.startsWith('(') ? ' *rw*' : ''}`,
      code(field.type),
      told(`${shape.name}.${field.name}`, meaning(field)),
    ]),
  )
}

function told(what: string, meaning: string): string {
  if (meaning === '') throw new Error(`${what} has no comment that says what it means`)
  return meaning
}

function valuesOf(id: string): string {
  return Object.entries(DECISION_FIELDS)
    .filter(([, row]) => row === id)
    .map(([field]) => code(field))
    .join(' ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
}

function code(text: string): string {
  return `\`${text}\``
}

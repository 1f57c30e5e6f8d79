/** Variables: which one a name means, and whether it may be read, set or unset there. */
import { nearest } from '../../vcl-ts/nearest.ts'
import type { Name } from './ast.ts'
import type { VariableExpression } from './checked-ast.ts'
import type { Checking } from './checking.ts'
import { NOWHERE, type Scope, spoken } from './scopes.ts'
import type { Span } from './source.ts'
import { ROOTS, VARIABLES, type Variable, variablesNamed } from './variables.ts'

export type Access = 'read' | 'set' | 'unset'

const VERBS: Readonly<Record<Access, string>> = { read: 'read', set: 'set', unset: 'unset' }

/** Variables of other versions, and what took their place. */
const FORMER: Readonly<Record<string, string>> = {
  'req.request': 'it is req.method since VCL 4',
  'req.backend': 'it is req.backend_hint since VCL 4',
  'req.backend.healthy': 'import std and write std.healthy(req.backend_hint)',
  'bereq.request': 'it is bereq.method since VCL 4',
  'beresp.cacheable': 'write beresp.uncacheable, which is its opposite',
  'beresp.response': 'it is beresp.reason since VCL 4',
  'beresp.saintmode': 'import saintmode and write saintmode.denylist(20s);',
  'obj.response': 'in vcl_synth it is resp.reason since VCL 4',
  'obj.cacheable': 'write beresp.uncacheable in vcl_backend_response, which is its opposite',
  'obj.lastuse': 'there is nothing in its place',
  'client.port': 'import std and write std.port(client.ip)',
  'server.port': 'import std and write std.port(server.ip)',
  'resp.response': 'it is resp.reason since VCL 4',
}

const LONGEST_NAME = 127
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

export function isVariableRoot(word: string): boolean {
  return ROOTS.has(word.toLowerCase())
}

/** Takes note of the access, which is judged when it is known which hooks the sub runs in. */
export function variable(checking: Checking, { parts, quoted, span }: Name, access: Access): VariableExpression | null {
  if (quoted && checking.version === '4.0')
    checking.complain(span, 'names of fields can be quoted from VCL 4.1 on', 'begin the file with vcl 4.1;')
  const { key, name } = keyOf(parts)
  const rows = variablesNamed(key)
  const row = rows.find(({ version }) => version === null || version === checking.version)
  if (row === undefined) {
    refuseUnknown(checking, parts, rows, span)
    return null
  }
  if (name !== null && (!TOKEN.test(name) || name.length > LONGEST_NAME))
    checking.complain(span, `${JSON.stringify(name)} is no name of a field`, null)
  const scope = scopeOf(row, access)
  const shown = parts.join('.')
  if (scope === NOWHERE) {
    checking.complain(span, refusal(row, shown, access), hintFor(rows, row, access))
    return null
  }
  checking.use({ span, scope, reason: `${shown} cannot be ${VERBS[access]}`, hint: `it can in ${spoken(scope)}${elsewhere(shown)}` })
  return { kind: 'variable', type: row.type, span, variable: genericName(key), name }
}

/**
 * Fields of messages and storages are found without their names, except for the fields that have a row of their own. The case of variables
 * does not matter.
 */
function keyOf(parts: readonly string[]): { readonly key: string; readonly name: string | null } {
  const [root, middle] = parts.slice(0, 2).map((part) => part.toLowerCase())
  const last = parts[2]
  if (middle === 'http' && last !== undefined && parts.length === 3) {
    const own = `${root}.http.${last.toLowerCase()}`
    return { key: variablesNamed(own).length > 0 ? own : `${root}.http.*`, name: last }
  }
  if (root === 'storage' && middle !== undefined && parts.length === 3) return { key: `storage.*.${last}`, name: parts[1] ?? '' }
  return { key: parts.join('.').toLowerCase(), name: null }
}

/** A protected field is a field nonetheless. */
function genericName(key: string): string {
  return key.replace(/\.http\..*$/, '.http.*')
}

function scopeOf(row: Variable, access: Access): Scope {
  if (access === 'read') return row.readable
  return access === 'set' ? row.writable : row.unsettable
}

function refusal(row: Variable, shown: string, access: Access): string {
  if (access === 'read') return `${shown} cannot be read`
  if (access === 'unset') return `${shown} cannot be unset`
  return row.unsettable === NOWHERE || row.type === 'HEADER' ? `${shown} is read-only` : `${shown} cannot be set`
}

function hintFor(rows: readonly Variable[], row: Variable, access: Access): string | null {
  const other = rows.find((candidate) => candidate !== row && scopeOf(candidate, access) !== NOWHERE)
  if (other?.version !== undefined && other.version !== null) return `with vcl ${other.version}; it can be`
  if (row.name.startsWith('obj.') && access === 'set') return `it is set in vcl_backend_response: beresp.${row.name.slice(4)}`
  if (access === 'unset' && row.type !== 'HEADER' && row.writable !== NOWHERE) return 'set it to another value'
  if (row.name.includes('.http.')) return 'the length and framing of a message follow from its body'
  return null
}

/** What the same is called on the other side. */
function elsewhere(shown: string): string {
  const at = shown.indexOf('.')
  const [root, rest] = [shown.slice(0, at), shown.slice(at + 1)]
  const isField = rest.startsWith('http.')
  if (root === 'req' && (isField || variablesNamed(`bereq.${rest}`).length > 0)) return `; in the vcl_backend_* subs it is bereq.${rest}`
  if (root === 'bereq' && (isField || variablesNamed(`req.${rest}`).length > 0)) return `; in the client’s subs it is req.${rest}`
  if ((root === 'obj' || root === 'beresp') && isField) return `; in vcl_deliver it is resp.${rest}`
  return ''
}

function refuseUnknown(checking: Checking, parts: readonly string[], rows: readonly Variable[], span: Span): void {
  const shown = parts.join('.')
  const version = rows[0]?.version
  if (version !== undefined && version !== null) {
    const instead = shown === 'req.esi' ? 'it is resp.do_esi since VCL 4.1' : shown === 'resp.do_esi' ? 'in VCL 4.0 it is req.esi' : null
    checking.complain(span, `${shown} is there in VCL ${version} only`, instead ?? `begin the file with vcl ${version};`)
    return
  }
  checking.complain(span, `there is no variable ‘${shown}’`, FORMER[shown] ?? meant(parts))
}

function meant(parts: readonly string[]): string | null {
  const [root = '', middle = '', name] = parts
  if (parts.length === 2 && middle === 'http') return `which field? write ${root}.http.Name`
  if (name !== undefined && nearest(middle, ['http']) !== null) return `did you mean ${root}.http.${parts.slice(2).join('.')}?`
  const names = VARIABLES.map((row) => row.name).filter((candidate) => !candidate.includes('*'))
  const own = names.filter((candidate) => candidate.startsWith(`${root}.`))
  const found = nearest(parts.join('.'), own) ?? nearest(parts.join('.'), names)
  return found === null ? null : `did you mean ${found}?`
}

import { describe, expect, it } from 'vitest'
import { HOOK_SUBS, type HookSub } from '../../src/vcl/checked-ast.ts'
import type { Scope } from '../../src/vcl/scopes.ts'
import type { ValueType } from '../../src/vcl/value-types.ts'
import { VARIABLES, type Variable, variablesNamed } from '../../src/vcl/variables.ts'
import { accepted, problemsOf, refused, statementsOf } from './rig.ts'

/** Something of each type that can be assigned. */
const SOMETHING: Readonly<Partial<Record<ValueType, string>>> = {
  BACKEND: 'default',
  BLOB: ':Zm9v:',
  BODY: '"x"',
  BOOL: 'true',
  BYTES: '1KB',
  DURATION: '1s',
  HEADER: '"x"',
  INT: '1',
  IP: '"192.0.2.1"',
  STEVEDORE: 'storage.s0',
  STRING: '"x"',
  TIME: 'now',
}

/** What reads a value of each type without converting it to a text. */
function reading(variable: string, type: ValueType): string {
  if (type === 'HTTP') return `std.rollback(${variable})`
  if (type === 'BLOB') return `std.log(blob.encode(blob=${variable}))`
  return `std.log("" + ${variable})`
}

function written({ name }: Variable): string {
  return name.replace('http.*', 'http.X-Y').replace('storage.*', 'storage.s0')
}

function isAccepted(hook: HookSub, statement: string, version: string): boolean {
  return problemsOf(`import std; import blob; sub ${hook} { ${statement} }`, { version }).length === 0
}

function acceptedIn(statement: string, version: string): readonly HookSub[] {
  return HOOK_SUBS.filter((hook) => isAccepted(hook, statement, version))
}

const inOrder = (scope: Scope): readonly HookSub[] => HOOK_SUBS.filter((hook) => scope.has(hook))

describe.each(VARIABLES.map((row) => [`${row.name}${row.version === null ? '' : ` of ${row.version}`}`, row] as const))(
  '%s',
  (_title, row) => {
    const name = written(row)
    const version = row.version ?? '4.1'
    const other = variablesNamed(row.name).find((candidate) => candidate !== row)

    it('can be read where its row says, and nowhere else', () => {
      // std.rollback has limits of its own.
      const expected = row.type === 'HTTP' ? inOrder(row.readable).filter((hook) => hook !== 'vcl_pipe') : inOrder(row.readable)
      expect(acceptedIn(`${reading(name, row.type)};`, version)).toEqual(expected)
    })

    it('can be set where its row says, and nowhere else', () => {
      expect(acceptedIn(`set ${name} = ${SOMETHING[row.type] ?? '"x"'};`, version)).toEqual(inOrder(row.writable))
    })

    it('can be unset where its row says, and nowhere else', () => {
      expect(acceptedIn(`unset ${name};`, version)).toEqual(inOrder(row.unsettable))
    })

    if (row.version !== null && other === undefined)
      it('is not there in the other version', () => {
        expect(acceptedIn(`${reading(name, row.type)};`, row.version === '4.0' ? '4.1' : '4.0')).toEqual([])
      })
  },
)

describe('the table of variables', () => {
  it.each([
    ['req.url', 'STRING', 'vcl_recv', true, true, false],
    ['req.http.*', 'HEADER', 'vcl_deliver', true, true, true],
    ['req.hash', 'BLOB', 'vcl_recv', false, false, false],
    ['req.is_hitpass', 'BOOL', 'vcl_miss', false, false, false],
    ['bereq.http.*', 'HEADER', 'vcl_pipe', true, true, true],
    ['bereq.url', 'STRING', 'vcl_recv', false, false, false],
    ['beresp.ttl', 'DURATION', 'vcl_backend_response', true, true, false],
    ['beresp.ttl', 'DURATION', 'vcl_backend_fetch', false, false, false],
    ['beresp.body', 'BODY', 'vcl_backend_error', false, true, false],
    ['obj.hits', 'INT', 'vcl_deliver', true, false, false],
    ['obj.http.*', 'HEADER', 'vcl_deliver', false, false, false],
    ['obj.uncacheable', 'BOOL', 'vcl_hit', false, false, false],
    ['resp.http.*', 'HEADER', 'vcl_synth', true, true, true],
    ['resp.body', 'BODY', 'vcl_synth', false, true, false],
    ['obj_stale.ttl', 'DURATION', 'vcl_backend_refresh', true, false, false],
    ['now', 'TIME', 'vcl_init', true, false, false],
    ['req.grace', 'DURATION', 'vcl_recv', true, true, true],
    ['client.identity', 'STRING', 'vcl_backend_fetch', true, false, false],
    ['server.hostname', 'STRING', 'vcl_fini', true, false, false],
  ] as const)('says of %s, a %s, in %s what the manual says', (name, type, hook, read, set, unset) => {
    const [row] = variablesNamed(name)
    expect(row?.type).toBe(type)
    expect([row?.readable.has(hook), row?.writable.has(hook), row?.unsettable.has(hook)]).toEqual([read, set, unset])
  })

  it('has no row twice', () => {
    const keys = VARIABLES.map(({ name, version }) => `${name} ${version}`)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('a variable', () => {
  it('is found whatever its case, and a field keeps the one it is written in', () => {
    const [statement] = statementsOf(accepted('sub vcl_recv { set REQ.HTTP.X-Name = Req.Url; }'))
    expect(statement).toMatchObject({ target: { variable: 'req.http.*', name: 'X-Name' }, value: { variable: 'req.url' } })
  })

  it('is a field of any name in quotes', () => {
    const [statement] = statementsOf(accepted('sub vcl_recv { unset req.http."1.odd"; }'))
    expect(statement).toMatchObject({ target: { variable: 'req.http.*', name: '1.odd' } })
  })

  it.each([
    ['set ‹req.ulr› = "/";', 'there is no variable ‘req.ulr’', 'did you mean req.url?'],
    ['set ‹req.htp.X› = "/";', 'there is no variable ‘req.htp.X’', 'did you mean req.http.X?'],
    ['unset ‹req.http›;', 'there is no variable ‘req.http’', 'which field? write req.http.Name'],
    ['if (‹req.request› == "GET") { }', 'there is no variable ‘req.request’', 'it is req.method since VCL 4'],
    ['set ‹x› = "/";', 'there is no variable ‘x’', 'VCL has no variables of your own: use a field such as req.http.X-Name, or import var'],
    [
      'set ‹req.http.content-Length› = "1";',
      'req.http.content-Length is read-only',
      'the length and framing of a message follow from its body',
    ],
    ['set ‹obj.ttl› = 1s;', 'obj.ttl is read-only', 'it is set in vcl_backend_response: beresp.ttl'],
    ['set ‹req.proto› = "HTTP/1.1";', 'req.proto is read-only', 'with vcl 4.0; it can be'],
    ['unset ‹req.url›;', 'req.url cannot be unset', 'set it to another value'],
    ['set req.http.x = ‹req.esi›;', 'req.esi is there in VCL 4.0 only', 'it is resp.do_esi since VCL 4.1'],
    ['set req.http.x = ‹beresp.backend.ip›;', 'beresp.backend.ip is there in VCL 4.0 only', 'begin the file with vcl 4.0;'],
    ['set req.http.x = ‹obj.hits›;', 'obj.hits cannot be read in vcl_recv', 'it can in vcl_hit and vcl_deliver'],
    [
      'set ‹bereq.url› = "/";',
      'bereq.url cannot be set in vcl_recv',
      'it can in vcl_pipe and the vcl_backend_* subs; in the client’s subs it is req.url',
    ],
    ['set ‹req.http."a b"› = "/";', '"a b" is no name of a field', null],
  ])('is refused with place and reason: %s', (statement, reason, hint) => {
    refused(`sub vcl_recv {\n\t${statement}\n}`, reason, hint)
  })

  it('of the client is called otherwise on the backend’s side', () => {
    refused(
      'sub vcl_backend_fetch { set bereq.http.x = ‹req.url›; }',
      'req.url cannot be read in vcl_backend_fetch',
      'it can in the client’s subs; in the vcl_backend_* subs it is bereq.url',
    )
    refused(
      'sub vcl_deliver { set resp.http.x = ‹obj.http.x›; }',
      'obj.http.x cannot be read in vcl_deliver',
      'it can in vcl_hit; in vcl_deliver it is resp.http.x',
    )
  })

  it('quoted needs VCL 4.1', () => {
    refused('sub vcl_recv { unset ‹req.http."x"›; }', 'names of fields can be quoted from VCL 4.1 on', 'begin the file with vcl 4.1;', {
      version: '4.0',
    })
  })

  it('that is added to is read, too', () => {
    refused('sub vcl_synth { set ‹resp.body› -= "x"; }', '-= is not possible on BODY')
    expect(problemsOf('sub vcl_synth { set resp.body += "x"; }')).toEqual([])
    expect(problemsOf('sub vcl_synth { set resp.reason += "x"; }')).toEqual([])
  })
})

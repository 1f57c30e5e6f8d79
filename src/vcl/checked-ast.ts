/**
 * VCL that was found to be legal: what the checker makes of the syntax tree. Every name is resolved, every expression has its type, what
 * VCL converts by itself is a node of its own, and arguments stand in the order of their parameters. Comments are the syntax tree's.
 */
import type { Annotated, BinaryOperator, Comment, SetOperator } from './ast.ts'
import type { SourceFile, Span } from './source.ts'
import type { ValueType } from './value-types.ts'

/** The fifteen hooks by VCL's names. */
export const HOOK_SUBS = [
  'vcl_recv',
  'vcl_hash',
  'vcl_hit',
  'vcl_miss',
  'vcl_pass',
  'vcl_pipe',
  'vcl_purge',
  'vcl_deliver',
  'vcl_synth',
  'vcl_backend_fetch',
  'vcl_backend_refresh',
  'vcl_backend_response',
  'vcl_backend_error',
  'vcl_init',
  'vcl_fini',
] as const

export type HookSub = (typeof HOOK_SUBS)[number]

/** The steps of the built-in VCL that a policy may put its own bodies before. */
export const SPLIT_SUBS = [
  'vcl_req_url',
  'vcl_req_host',
  'vcl_req_method',
  'vcl_req_authorization',
  'vcl_req_cookie',
  'vcl_beresp_range',
  'vcl_beresp_stale',
  'vcl_beresp_cookie',
  'vcl_beresp_control',
  'vcl_beresp_vary',
  'vcl_beresp_hitmiss',
  'vcl_refresh_valid',
  'vcl_refresh_conditions',
  'vcl_refresh_status',
  'vcl_builtin_recv',
  'vcl_builtin_hash',
  'vcl_builtin_hit',
  'vcl_builtin_miss',
  'vcl_builtin_pass',
  'vcl_builtin_pipe',
  'vcl_builtin_purge',
  'vcl_builtin_deliver',
  'vcl_builtin_synth',
  'vcl_builtin_backend_fetch',
  'vcl_builtin_backend_refresh',
  'vcl_builtin_backend_response',
  'vcl_builtin_backend_error',
] as const

export type SplitSub = (typeof SPLIT_SUBS)[number]

/** All of a legal VCL. */
export interface CheckedProgram {
  readonly files: readonly SourceFile[]
  readonly version: '4.0' | '4.1'
  /** What is to be emitted, in the order of the source; subs of several bodies stand where each body stood. */
  readonly declarations: readonly CheckedDeclaration[]
  /** Before the `vcl 4.x;` line: what the file says of itself. */
  readonly opening: readonly Comment[]
  readonly closing: readonly Comment[]
  /** `backend default`, or the first. `null`: none is declared, and a director or nothing at all stands in. */
  readonly defaultBackend: CheckedBackend | null
  /** Each hook that has bodies, and the bodies in their order; the built-in VCL comes after the last. */
  readonly hooks: ReadonlyMap<HookSub, readonly CheckedSub[]>
  /** Likewise for the steps of the built-in VCL. */
  readonly steps: ReadonlyMap<SplitSub, readonly CheckedSub[]>
  /** The subs of the policy's own, by name. */
  readonly subs: ReadonlyMap<string, CheckedSub>
  readonly acls: ReadonlyMap<string, CheckedAcl>
  readonly probes: ReadonlyMap<string, CheckedProbe>
  readonly backends: ReadonlyMap<string, CheckedBackend>
  /** What `new` makes, by name, in the order of making. */
  readonly objects: ReadonlyMap<string, ObjectSymbol>
  /** VMODs by the names that the policy gives them. */
  readonly imports: ReadonlyMap<string, CheckedImport>
}

export type CheckedDeclaration =
  | CheckedSub
  | CheckedBackend
  | CheckedProbe
  | CheckedAcl
  | CheckedImport
  | Untranslatable
  /** A declaration of which only comments remain: `vcl 4.1;`, `include`, `unused`. */
  | CommentsOnly

export interface CommentsOnly extends Annotated {
  readonly kind: 'comments'
  /** Of an include: before the end of what it brought, which stands before this. */
  readonly closing: readonly Comment[]
}

/**
 * What is legal but has no translation, where it stood: inline C, or the import of an unknown VMOD. As a statement or expression also whatever
 * uses such a VMOD. Present only if there is a problem of the kind `untranslatable`, which names it; `--partial` marks the place.
 */
export interface Untranslatable extends Annotated {
  readonly kind: 'untranslatable'
  readonly what: 'inline-c' | 'vmod'
  /** The VMOD's name, else empty. */
  readonly name: string
  /** In VCL, as it stood. */
  readonly source: string
}

export interface CheckedSub extends Annotated {
  readonly kind: 'sub'
  readonly name: string
  readonly role: 'hook' | 'step' | 'own'
  readonly body: CheckedBlock
  /** The hooks that it runs in: itself, or those that call it, directly or by way of others. */
  readonly runsIn: readonly HookSub[]
  /** Whether it, or a sub that it calls, says `return(action)`, which ends the hook. */
  readonly decides: boolean
}

export interface CheckedBackend extends Annotated {
  readonly kind: 'backend'
  readonly name: string
  /** `backend name none;` */
  readonly none: boolean
  readonly host: string | null
  readonly port: string | null
  /** Of a Unix socket, in place of a host. */
  readonly path: string | null
  readonly hostHeader: string | null
  /** Seconds. */
  readonly connectTimeout: number | null
  readonly firstByteTimeout: number | null
  readonly betweenBytesTimeout: number | null
  readonly maxConnections: number | null
  readonly waitLimit: number | null
  readonly waitTimeout: number | null
  readonly proxyHeader: 1 | 2 | null
  /** Base64. */
  readonly preamble: string | null
  /** The name of another backend. */
  readonly via: string | null
  readonly authority: string | null
  /** Its own, or one that was declared: then with its name. */
  readonly probe: CheckedProbe | null
  readonly ssl: boolean | null
  readonly sslSni: string | null
  readonly sslNosni: boolean | null
  readonly sslNoverify: boolean | null
  readonly sslVerifyPeer: boolean | null
  readonly sslVerifyHost: boolean | null
  readonly closing: readonly Comment[]
  /** Comments of its attributes, by VCL's names of these. */
  readonly attributeComments: ReadonlyMap<string, Pick<Annotated, 'leading' | 'trailing'>>
}

export interface CheckedProbe extends Annotated {
  readonly kind: 'probe'
  /** `null`: written within its backend. */
  readonly name: string | null
  readonly url: string | null
  /** In place of `url`: the lines of the request. */
  readonly request: readonly string[] | null
  readonly expectedResponse: number | null
  /** Seconds. */
  readonly timeout: number | null
  readonly interval: number | null
  readonly window: number | null
  readonly threshold: number | null
  readonly initial: number | null
  readonly expectClose: boolean | null
  readonly closing: readonly Comment[]
  readonly attributeComments: ReadonlyMap<string, Pick<Annotated, 'leading' | 'trailing'>>
}

export interface CheckedAcl extends Annotated {
  readonly kind: 'acl'
  readonly name: string
  readonly log: boolean
  readonly table: boolean
  readonly pedantic: boolean
  readonly fold: boolean
  readonly entries: readonly CheckedAclEntry[]
  readonly closing: readonly Comment[]
}

export interface CheckedAclEntry extends Annotated {
  readonly negated: boolean
  /** An address, or a name. */
  readonly host: string
  readonly isAddress: boolean
  readonly mask: number | null
  readonly optional: boolean
}

export interface CheckedImport extends Annotated {
  readonly kind: 'import'
  /** The VMOD, such as `std`. */
  readonly module: string
  /** As the policy calls it. */
  readonly name: string
}

/** What `new name = vmod.class(…)` made. */
export interface ObjectSymbol {
  readonly kind: 'object'
  readonly name: string
  readonly module: string
  readonly class: string
  /** In the order of the constructor's parameters; `null` where nothing is given and there is no default. */
  readonly arguments: readonly (CheckedExpression | null)[]
  readonly span: Span
}

export interface CheckedBlock {
  readonly statements: readonly CheckedStatement[]
  readonly closing: readonly Comment[]
  readonly span: Span
}

export type CheckedStatement =
  | CheckedSet
  | CheckedUnset
  | CheckedCall
  | CheckedReturn
  | CheckedIf
  | CheckedNew
  | CheckedExpressionStatement
  | CheckedBlockStatement
  | CheckedInclude
  | Untranslatable

export interface CheckedSet extends Annotated {
  readonly kind: 'set'
  readonly target: VariableExpression
  readonly operator: SetOperator
  /** For `=`, and for `+=` to text, of the target's type (text: STRING). For other operators of the type that the arithmetic takes. */
  readonly value: CheckedExpression
}

export interface CheckedUnset extends Annotated {
  readonly kind: 'unset'
  readonly target: VariableExpression
}

export interface CheckedCall extends Annotated {
  readonly kind: 'call'
  /** A key of `subs`, a step (of which `steps` may know no body: then it is the built-in one alone) or, rarely, a hook. */
  readonly sub: string
}

export interface CheckedReturn extends Annotated {
  readonly kind: 'return'
  /** `null`: leaves the sub only. */
  readonly action: CheckedAction | null
}

/** What a hook answers. Arguments are typed: status INT, reason STRING, ttl DURATION. */
export type CheckedAction =
  | { readonly name: 'synth' | 'error'; readonly status: CheckedExpression; readonly reason: CheckedExpression | null }
  /** `return(error)` without arguments: 503. */
  | { readonly name: 'error'; readonly status: null; readonly reason: null }
  /** `ttl` only in vcl_backend_response: hit-for-pass for that long. */
  | { readonly name: 'pass'; readonly ttl: CheckedExpression | null }
  | { readonly name: 'fail'; readonly reason: CheckedExpression | null }
  | { readonly name: 'vcl'; readonly label: string }
  | {
      readonly name:
        | 'abandon'
        | 'beresp'
        | 'deliver'
        | 'fetch'
        | 'hash'
        | 'lookup'
        | 'merge'
        | 'obj_stale'
        | 'ok'
        | 'pipe'
        | 'purge'
        | 'restart'
        | 'retry'
    }

export interface CheckedIf extends Annotated {
  readonly kind: 'if'
  readonly branches: readonly CheckedBranch[]
  readonly otherwise: CheckedBranch<null> | null
}

export interface CheckedBranch<C = CheckedExpression> {
  /** Of type BOOL. */
  readonly condition: C
  readonly body: CheckedBlock
  readonly leading: readonly Comment[]
}

export interface CheckedNew extends Annotated {
  readonly kind: 'new'
  readonly object: ObjectSymbol
}

export interface CheckedExpressionStatement extends Annotated {
  readonly kind: 'expression'
  readonly call: CheckedExpression
}

export interface CheckedBlockStatement extends Annotated {
  readonly kind: 'block'
  readonly body: CheckedBlock
}

/** The statements of a file that was included within a sub. */
export interface CheckedInclude extends Annotated {
  readonly kind: 'include'
  readonly path: string
  readonly statements: readonly CheckedStatement[]
  readonly closing: readonly Comment[]
}

/** `type` is what the expression yields. */
interface Typed<T extends ValueType = ValueType> {
  readonly type: T
  readonly span: Span
}

export type CheckedExpression =
  | LiteralExpression
  | VariableExpression
  | SymbolExpression
  | ObjectExpression
  | EnumExpression
  | CallExpression
  | NotExpression
  | NegateExpression
  | LogicalExpression
  | CompareExpression
  | MatchExpression
  | ArithmeticExpression
  | ConcatExpression
  | ConvertExpression
  | UntranslatableExpression

export type LiteralExpression =
  | (Typed<'STRING'> & { readonly kind: 'literal'; readonly value: string })
  | (Typed<'INT'> & { readonly kind: 'literal'; readonly value: number })
  | (Typed<'REAL'> & { readonly kind: 'literal'; readonly value: number })
  /** Seconds. */
  | (Typed<'DURATION'> & { readonly kind: 'literal'; readonly value: number })
  | (Typed<'BYTES'> & { readonly kind: 'literal'; readonly value: number })
  | (Typed<'BOOL'> & { readonly kind: 'literal'; readonly value: boolean })
  /** Base64. */
  | (Typed<'BLOB'> & { readonly kind: 'literal'; readonly value: string })
  /** A PCRE pattern, as written. */
  | (Typed<'REGEX'> & { readonly kind: 'literal'; readonly value: string })
  /** A literal address where one is asked for. */
  | (Typed<'IP'> & { readonly kind: 'literal'; readonly value: string })

/** The reading of a variable, or the target of `set` and `unset`. A header field's type is HEADER: unset or a text. */
export interface VariableExpression extends Typed {
  readonly kind: 'variable'
  /** A row of the table in `variables.ts`: `req.url`, `req.http.*`, `storage.*.free_space`. */
  readonly variable: string
  /** The `*`: a field's name as written, or a storage's; else `null`. */
  readonly name: string | null
}

/** Something declared by name, as a value. */
export interface SymbolExpression extends Typed<'ACL' | 'BACKEND' | 'PROBE' | 'SUB' | 'STEVEDORE'> {
  readonly kind: 'symbol'
  readonly name: string
}

/** An object that `new` made, as a value: it is one only as what a method is called on. */
export interface ObjectExpression extends Typed<'VOID'> {
  readonly kind: 'object'
  readonly name: string
}

/** A word out of a parameter's list. */
export interface EnumExpression extends Typed<'ENUM'> {
  readonly kind: 'enum'
  readonly value: string
}

export interface CallExpression extends Typed {
  readonly kind: 'call'
  readonly callee: Callee
  /** In the order of the parameters, converted to their types; `null` where nothing is given and there is no default. */
  readonly arguments: readonly (CheckedExpression | null)[]
}

export type Callee =
  /** `regsub`, `regsuball`, `hash_data`, `synthetic`, `ban`. */
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'function'; readonly module: string; readonly name: string }
  /** Of an object that `new` made. */
  | { readonly kind: 'method'; readonly object: string; readonly module: string; readonly class: string; readonly name: string }
  /** Of a value: `.lower()` and `.upper()` of text, `.resolve()` of a backend. */
  | { readonly kind: 'type-method'; readonly of: CheckedExpression; readonly name: 'lower' | 'upper' | 'resolve' }

export interface NotExpression extends Typed<'BOOL'> {
  readonly kind: 'not'
  readonly operand: CheckedExpression
}

export interface NegateExpression extends Typed<'INT' | 'REAL' | 'DURATION'> {
  readonly kind: 'negate'
  readonly operand: CheckedExpression
}

export interface LogicalExpression extends Typed<'BOOL'> {
  readonly kind: 'logical'
  readonly operator: '&&' | '||'
  readonly operands: readonly CheckedExpression[]
}

export interface CompareExpression extends Typed<'BOOL'> {
  readonly kind: 'compare'
  readonly operator: '==' | '!=' | '<' | '>' | '<=' | '>='
  /** What both sides are; text where either side is: compared as such, and an unset header equals nothing. */
  readonly of: ValueType
  readonly left: CheckedExpression
  readonly right: CheckedExpression
}

/** `~`: a text with a pattern, or an address with an ACL. */
export interface MatchExpression extends Typed<'BOOL'> {
  readonly kind: 'match'
  readonly negated: boolean
  readonly left: CheckedExpression
  /** A literal of type REGEX, or a symbol of type ACL. */
  readonly right: CheckedExpression
}

export interface ArithmeticExpression extends Typed<'INT' | 'REAL' | 'DURATION' | 'TIME' | 'BYTES'> {
  readonly kind: 'arithmetic'
  readonly operator: Extract<BinaryOperator, '+' | '-' | '*' | '/' | '%'>
  readonly left: CheckedExpression
  readonly right: CheckedExpression
}

/** One text of several; each part is a STRING or HEADER (unset: empty), or converted. */
export interface ConcatExpression extends Typed<'STRING'> {
  readonly kind: 'concat'
  readonly parts: readonly CheckedExpression[]
}

/** What VCL converts by itself: anything to STRING, text and others to BOOL (is it set, not 0?), INT to REAL, a literal to what is asked for. */
export interface ConvertExpression extends Typed {
  readonly kind: 'convert'
  readonly operand: CheckedExpression
}

/** Uses a VMOD that nobody knows. */
export interface UntranslatableExpression extends Typed {
  readonly kind: 'untranslatable'
  readonly module: string
  readonly source: string
}

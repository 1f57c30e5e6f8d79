/**
 * VCL as it was written: what the parser makes. Names are not resolved and nothing is judged here; `checked-ast.ts` is what remains when all
 * of it was found to be legal. Every node knows its span; comments hang on declarations, statements and the ends of blocks.
 */
import type { SourceFile, Span } from './source.ts'

export interface Comment {
  readonly style: '#' | '//' | '/*'
  /** Without the marks, otherwise untouched. */
  readonly text: string
  readonly span: Span
  /** An empty line stands before it. */
  readonly blankBefore: boolean
}

/** What declarations and statements carry beside their meaning. */
export interface Annotated {
  readonly span: Span
  /** On the lines before it. */
  readonly leading: readonly Comment[]
  /** Behind it, on its last line. */
  readonly trailing: readonly Comment[]
  /** In its midst, between the parts of an expression or of its head. */
  readonly inner: readonly Comment[]
  /** An empty line stands before it and its leading comments. */
  readonly blankBefore: boolean
}

export interface Identifier {
  readonly name: string
  readonly span: Span
}

/** The whole of what was read, includes within. */
export interface Program {
  /** The first is the one that was named, the others were included, in the order of reading. */
  readonly files: readonly SourceFile[]
  /** Of the first file, which everything is judged by. 4.1 where it is missing, which is a problem. */
  readonly version: '4.0' | '4.1'
  readonly declarations: readonly Declaration[]
  /** Before the end of the first file. */
  readonly closing: readonly Comment[]
}

export type Declaration =
  | VersionDeclaration
  | SubDeclaration
  | BackendDeclaration
  | ProbeDeclaration
  | AclDeclaration
  | ImportDeclaration
  | IncludeDeclaration
  | UnusedDeclaration
  | InlineC

/** `vcl 4.1;` */
export interface VersionDeclaration extends Annotated {
  readonly kind: 'version'
  readonly version: string
}

export interface SubDeclaration extends Annotated {
  readonly kind: 'sub'
  readonly name: Identifier
  readonly body: Block
}

export interface BackendDeclaration extends Annotated {
  readonly kind: 'backend'
  readonly name: Identifier
  /** `null`: `backend name none;` */
  readonly attributes: readonly Attribute[] | null
  /** Before the closing brace. */
  readonly closing: readonly Comment[]
}

export interface ProbeDeclaration extends Annotated {
  readonly kind: 'probe'
  readonly name: Identifier
  readonly attributes: readonly Attribute[]
  readonly closing: readonly Comment[]
}

/** `.name = value;` */
export interface Attribute extends Annotated {
  readonly name: Identifier
  readonly value: Expression | ProbeBody
}

/** `.probe = { … }` */
export interface ProbeBody {
  readonly kind: 'probe-body'
  readonly attributes: readonly Attribute[]
  readonly closing: readonly Comment[]
  readonly span: Span
}

export interface AclDeclaration extends Annotated {
  readonly kind: 'acl'
  readonly name: Identifier
  readonly flags: readonly AclFlag[]
  readonly entries: readonly AclEntry[]
  readonly closing: readonly Comment[]
}

/** `+log`, `-pedantic` */
export interface AclFlag {
  readonly on: boolean
  readonly name: string
  readonly span: Span
}

export interface AclEntry extends Annotated {
  readonly negated: boolean
  readonly host: string
  readonly hostSpan: Span
  readonly mask: number | null
  /** In parentheses: left out if the name cannot be resolved. */
  readonly optional: boolean
}

/** `import std as s from "path";` */
export interface ImportDeclaration extends Annotated {
  readonly kind: 'import'
  readonly module: Identifier
  readonly alias: Identifier | null
  readonly from: string | null
}

/** `include "path";`, with what it brought. `D` is what may stand there. */
export interface Include<D> extends Annotated {
  readonly path: string
  /** `+glob` stood before the path. */
  readonly glob: boolean
  readonly content: readonly D[]
  /** Before the end of the last file that it brought. */
  readonly closing: readonly Comment[]
}

export interface IncludeDeclaration extends Include<Declaration> {
  readonly kind: 'include'
}

/** `unused name;`: no complaint if nothing refers to it. */
export interface UnusedDeclaration extends Annotated {
  readonly kind: 'unused'
  readonly names: readonly Identifier[]
}

/** `C{ … }C` */
export interface InlineC extends Annotated {
  readonly kind: 'inline-c'
  readonly code: string
}

export interface Block {
  readonly statements: readonly Statement[]
  /** Before the closing brace. */
  readonly closing: readonly Comment[]
  readonly span: Span
}

export type Statement =
  | SetStatement
  | UnsetStatement
  | CallStatement
  | ReturnStatement
  | IfStatement
  | NewStatement
  | ExpressionStatement
  | BlockStatement
  | IncludeStatement
  | InlineC

export type SetOperator = '=' | '+=' | '-=' | '*=' | '/='

export interface SetStatement extends Annotated {
  readonly kind: 'set'
  readonly target: Name
  readonly operator: SetOperator
  readonly value: Expression
}

export interface UnsetStatement extends Annotated {
  readonly kind: 'unset'
  readonly target: Name
}

export interface CallStatement extends Annotated {
  readonly kind: 'call'
  readonly sub: Identifier
}

export interface ReturnStatement extends Annotated {
  readonly kind: 'return'
  /** `null`: leaves the sub only. */
  readonly action: ReturnAction | null
}

export interface ReturnAction {
  readonly name: Identifier
  /** `null`: no parentheses behind the name. */
  readonly arguments: readonly Argument[] | null
}

export interface IfStatement extends Annotated {
  readonly kind: 'if'
  readonly branches: readonly Branch[]
  readonly otherwise: Branch<null> | null
}

/** `if (condition) body`; `leading` are the comments before its `elseif` or `else`. */
export interface Branch<C = Expression> {
  readonly condition: C
  readonly body: Block
  readonly leading: readonly Comment[]
}

/** `new name = vmod.constructor(…);` */
export interface NewStatement extends Annotated {
  readonly kind: 'new'
  readonly name: Identifier
  readonly constructed: Call
}

/** A call for its effect. */
export interface ExpressionStatement extends Annotated {
  readonly kind: 'expression'
  readonly call: Call
}

/** `{ … }` on its own. */
export interface BlockStatement extends Annotated {
  readonly kind: 'block'
  readonly body: Block
}

export interface IncludeStatement extends Include<Statement> {
  readonly kind: 'include'
}

export type Expression = Literal | Name | Call | MethodCall | Unary | Binary | Concatenation | Parenthesised

export type Literal =
  | { readonly kind: 'string'; readonly value: string; readonly span: Span; readonly form: '"' | '{"' | '"""' }
  | { readonly kind: 'int'; readonly value: number; readonly span: Span }
  | { readonly kind: 'real'; readonly value: number; readonly span: Span }
  /** In seconds. */
  | { readonly kind: 'duration'; readonly value: number; readonly span: Span }
  /** In bytes. */
  | { readonly kind: 'bytes'; readonly value: number; readonly span: Span }
  | { readonly kind: 'bool'; readonly value: boolean; readonly span: Span }
  /** `:YWJj:` */
  | { readonly kind: 'blob'; readonly base64: string; readonly span: Span }

/** A variable, or what was declared under a name. `req.http."odd.name"` has the parts req, http, odd.name. */
export interface Name {
  readonly kind: 'name'
  readonly parts: readonly string[]
  /** The last part stood in quotes. */
  readonly quoted: boolean
  readonly span: Span
}

export interface Argument {
  /** `name = value` */
  readonly name: Identifier | null
  readonly value: Expression
}

export interface Call {
  readonly kind: 'call'
  readonly callee: Name
  readonly arguments: readonly Argument[]
  readonly span: Span
}

/** A method of a value that is not a plain name: `(a + b).lower()`, `std.tolower(x).upper()`. */
export interface MethodCall {
  readonly kind: 'method'
  readonly of: Expression
  readonly method: Identifier
  readonly arguments: readonly Argument[]
  readonly span: Span
}

export interface Unary {
  readonly kind: 'unary'
  readonly operator: '!' | '-'
  readonly operand: Expression
  readonly span: Span
}

export type BinaryOperator = '||' | '&&' | '==' | '!=' | '<' | '>' | '<=' | '>=' | '~' | '!~' | '+' | '-' | '*' | '/' | '%'

export interface Binary {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly operatorSpan: Span
  readonly left: Expression
  readonly right: Expression
  readonly span: Span
}

/** Values side by side: one text. */
export interface Concatenation {
  readonly kind: 'concatenation'
  readonly parts: readonly Expression[]
  readonly span: Span
}

export interface Parenthesised {
  readonly kind: 'parenthesised'
  readonly inner: Expression
  readonly span: Span
}

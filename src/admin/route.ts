/** One thing that can be asked of the admin listener: its method, path, what it takes and answers, and how it is done. */
import { z } from 'zod'
import type { AdminParts } from './parts.ts'

export interface Reply {
  /** Default 200. */
  readonly status?: number
  readonly json: unknown
}

/** Takes lines without their ends. */
export interface LineSink {
  /** Its reader is behind: what is written now would have to be kept. */
  readonly full: boolean
  write(line: string): void
  /** Is called whenever the reader has caught up. */
  drained(call: () => void): void
}

/** Lines without end: begins to write them, and resolves with what ends that once nothing is missed any more. */
export type LineStream = (sink: LineSink) => Promise<() => void>

/** What a route is given; the body and the query have been checked. */
export interface Asked<Body, Query> {
  readonly body: Body
  readonly query: Query
  /** Of the path's `{name}`, decoded; `''` when the path has none. */
  readonly name: string
}

/** Of what is in `{name}` of a path. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With at most one `{name}`. */
  readonly path: string
  readonly summary: string
  /** What it takes; `null`: no body. `text` is a line of `text/plain`. */
  readonly body: z.ZodType | 'text' | null
  readonly query: z.ZodType | null
  /** What it answers when all is well, and the status of that. */
  readonly answer: z.ZodType
  readonly status: number
  /** `run` answers a `LineStream`, each of whose lines is what `answer` says. */
  readonly stream: boolean
  /** Needs no token. */
  readonly open: boolean
  readonly run: (parts: AdminParts, asked: Asked<unknown, unknown>) => unknown
}

interface Given<B extends z.ZodType | 'text' | null, Q extends z.ZodType | null, A extends z.ZodType> {
  readonly summary: string
  readonly body?: B
  readonly query?: Q
  readonly answer: A
  readonly status?: number
  readonly open?: boolean
  readonly run: (
    parts: AdminParts,
    asked: Asked<B extends z.ZodType ? z.output<B> : B extends 'text' ? string : null, Q extends z.ZodType ? z.output<Q> : null>,
  ) => z.input<A> | Promise<z.input<A>>
}

/** A route from `GET /path` and the rest; what `run` is given and answers follows from the schemas. */
export function route<A extends z.ZodType, B extends z.ZodType | 'text' | null = null, Q extends z.ZodType | null = null>(
  at: `${Route['method']} /${string}`,
  given: Given<B, Q, A>,
): Route {
  const [method = 'GET', path = '/'] = at.split(' ') as [Route['method'], string]
  const { summary, answer, status = 200, open = false } = given
  return {
    method,
    path,
    summary,
    body: given.body ?? null,
    query: given.query ?? null,
    answer,
    status,
    stream: false,
    open,
    run: given.run as Route['run'],
  }
}

/** As `route`, for lines of JSON without end. */
export function streamRoute<A extends z.ZodType, Q extends z.ZodType>(
  at: `GET /${string}`,
  given: {
    readonly summary: string
    readonly query: Q
    readonly answer: A
    readonly run: (parts: AdminParts, query: z.output<Q>) => LineStream
  },
): Route {
  const { summary, query, answer } = given
  const run: Route['run'] = (parts, asked) => given.run(parts, asked.query as z.output<Q>)
  return { method: 'GET', path: at.slice('GET '.length), summary, body: null, query, answer, status: 200, stream: true, open: false, run }
}

/** A number in a query, where all is text. */
export function queryNumber(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max)) as unknown as z.ZodType<number, string>
}

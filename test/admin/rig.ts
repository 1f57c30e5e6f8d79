/** A real server with an admin listener, and a client for it. */
import { type IncomingHttpHeaders, request } from 'node:http'
import { expect } from 'vitest'
import { match } from '../../src/admin/router.ts'
import { ROUTES } from '../../src/admin/routes.ts'
import { always, type Fields, open, type Site, type SiteOptions } from '../journey/site.ts'
import type { OriginScript } from '../support/scripted-origin.ts'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body, parsed; `null` where it is not JSON. */
  readonly json: Readonly<Record<string, unknown>> | null
}

export interface Question {
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** Text is sent as it is; anything else as JSON, with its type. */
  readonly body?: unknown
}

/** Asks an admin listener: `ask(address, 'GET /stat')`. */
export function ask(address: string, what: string, { headers = {}, body }: Question = {}): Promise<Reply> {
  const [method = '', path = ''] = what.split(' ')
  const target = address.startsWith('/') ? { socketPath: address } : { host: '127.0.0.1', port: Number(address.split(':').at(-1)) }
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const typed = body === undefined || typeof body === 'string' ? {} : { 'Content-Type': 'application/json' }
  return new Promise((resolve, reject) => {
    const sent = request({ ...target, method, path, headers: { ...typed, ...headers }, agent: false }, (response) => {
      let all = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        all += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: all, json: parsed(all) }))
      response.on('error', reject)
    })
    sent.on('error', reject).end(text)
  })
}

export interface Operated extends Site {
  readonly server: Site['server'] & { readonly admin: string }
}

/** A site with an admin listener on loopback. */
export async function operated(
  script: OriginScript = always({ 'Cache-Control': 'max-age=60' }),
  options: SiteOptions = {},
): Promise<Operated> {
  return (await open(script, { admin: '127.0.0.1:0', ...options })) as Operated
}

/** The JSON of an answer that has to be a success, and what the route says that it answers. */
export async function api(site: Operated, what: string, body?: unknown): Promise<Record<string, unknown>> {
  const reply = await ask(site.server.admin, what, body === undefined ? {} : { body })
  const [method = '', target = ''] = what.split(' ')
  const { route } = match(ROUTES, method, target)
  expect(reply.status, `${what}: ${reply.text}`).toBe(route.status)
  expect(route.answer.safeParse(reply.json).error?.issues, what).toBeUndefined()
  return reply.json as Record<string, unknown>
}

/** The problem that an answer has to be. */
export async function problem(site: Operated, status: number, what: string, question: Question = {}): Promise<Record<string, unknown>> {
  const reply = await ask(site.server.admin, what, question)
  expect(reply.status, `${what}: ${reply.text}`).toBe(status)
  expect(reply.headers['content-type']).toBe('application/problem+json')
  expect(reply.json).toEqual({
    type: expect.stringMatching(/^urn:clearcoat:problem:[a-z-]+$/),
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
    how: expect.stringMatching(/./),
  })
  return reply.json as Record<string, unknown>
}

/** Sends a command; answers `[status, text]` of the CLI. */
export async function cli(site: Operated, line: string): Promise<readonly [number, string]> {
  const reply = await ask(site.server.admin, 'POST /command', { body: line })
  expect(reply.status, reply.text).toBe(200)
  const { status, text } = reply.json as { status: number; text: string }
  return [status, text]
}

function parsed(text: string): Reply['json'] {
  try {
    return JSON.parse(text) as Reply['json']
  } catch {
    return null
  }
}

export type { Fields }

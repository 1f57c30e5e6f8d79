/** The OpenAPI 3.1 description, made of the routes. */
import { z } from 'zod'
import type { Route } from './route.ts'

const PROBLEM = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  how: z.string().describe('how to mend it'),
})

export interface OpenApi {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: object
}

export function openApi(routes: readonly Route[], version: string): OpenApi {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route)
  return {
    openapi: '3.1.0',
    info: { title: 'Clearcoat admin', version },
    paths,
    components: {
      schemas: { Problem: schema(PROBLEM, 'output') },
      responses: {
        Problem: {
          description: 'What is wrong (RFC 9457).',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Only where the server has an admin token.' } },
    },
  }
}

function operation({ method, path, summary, body, query, answer, status, stream, open }: Route): object {
  const parameters = [...pathParameters(path), ...queryParameters(query)]
  return {
    operationId: operationId(method, path),
    summary,
    security: open ? [] : [{}, { token: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null ? {} : { requestBody: { required: true, content: content(body) } }),
    responses: {
      [status]: {
        description: 'Done.',
        content: { [stream ? 'application/x-ndjson' : 'application/json']: { schema: schema(answer, 'output') } },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

function content(body: z.ZodType | 'text'): object {
  return body === 'text' ? { 'text/plain': { schema: { type: 'string' } } } : { 'application/json': { schema: schema(body, 'input') } }
}

function pathParameters(path: string): object[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

function queryParameters(query: z.ZodType | null): object[] {
  if (query === null) return []
  const { properties = {} } = schema(query, 'input') as { properties?: Record<string, { description?: string }> }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: 'query',
    schema: rest,
    ...(description === undefined ? {} : { description }),
  }))
}

/** `POST /api/policies/{name}/use` is `postApiPoliciesNameUse`. */
function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  return method.toLowerCase() + words.map((word) => (word[0] ?? '').toUpperCase() + word.slice(1)).join('')
}

function schema(type: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(type, { io })
  return rest
}

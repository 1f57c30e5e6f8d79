import { expect, it } from 'vitest'
import type { OpenApi } from '../../src/admin/openapi.ts'
import { ROUTES } from '../../src/admin/routes.ts'
import { api, operated } from './rig.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly security: readonly object[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly description?: string; readonly content?: object }>>
}

const METHODS = ['get', 'put', 'post', 'delete']

it('describes every route, in the structure of OpenAPI 3.1, and nothing else', async () => {
  const document = (await api(await operated(), 'GET /openapi.json')) as unknown as OpenApi
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: expect.any(String), version: expect.stringMatching(/^\d/) } })
  const operations = Object.entries(document.paths).flatMap(([path, item]) => {
    expect(path).toMatch(/^\//)
    return Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation }))
  })
  expect(operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort()).toEqual(
    ROUTES.map((route) => `${route.method} ${route.path}`).sort(),
  )
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length)
  for (const { path, method, operation } of operations) {
    const { operationId, summary, parameters = [], requestBody, responses, security } = operation
    expect(METHODS).toContain(method)
    expect(operationId).toMatch(/^[a-z][A-Za-z0-9]+$/)
    expect(summary).toMatch(/\.$/)
    expect(security).toEqual(['/healthz', '/livez', '/readyz'].includes(path) ? [] : [{}, { token: [] }])
    const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name)
    expect(parameters.filter((each) => each.in === 'path').map(({ name }) => name)).toEqual(inPath)
    for (const each of parameters) expect(each).toMatchObject({ in: expect.stringMatching(/^(path|query)$/), schema: expect.any(Object) })
    expect(requestBody !== undefined).toBe(
      ROUTES.find((route) => route.path === path && route.method.toLowerCase() === method)?.body !== null,
    )
    for (const [type, { schema }] of Object.entries(requestBody?.content ?? {})) {
      expect(['text/plain', 'application/json']).toContain(type)
      expect(schema).not.toHaveProperty('$schema')
    }
    const [success] = Object.keys(responses)
    expect(success).toMatch(/^20[01]$/)
    expect(responses[success ?? '']?.content).toHaveProperty([path === '/log' ? 'application/x-ndjson' : 'application/json', 'schema'])
    expect(responses['default']).toEqual({ $ref: '#/components/responses/Problem' })
  }
  expect(document.components).toMatchObject({
    responses: { Problem: { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } } },
    schemas: { Problem: { required: ['type', 'title', 'status', 'detail', 'how'] } },
    securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
  })
})

/** Every route of the admin listener. Dispatch, the OpenAPI document and the reference come from these rows. */
import { z } from 'zod'
import { HEALTHS } from './backends.ts'
import { runCommand } from './command.ts'
import { degraded, glance, nodes } from './fleet.ts'
import { listObjects, listTags, objectsOf } from './inventory.ts'
import { logStream } from './log-stream.ts'
import { openApi } from './openapi.ts'
import { setParam } from './parameters.ts'
import { knownPolicy } from './policy-name.ts'
import { Problem } from './problem.ts'
import { ban, purge } from './purging.ts'
import { readiness } from './readiness.ts'
import { type Route, route, streamRoute } from './route.ts'
import {
  BACKEND,
  BAN,
  DIRECTOR,
  GLANCE,
  LOG_LINE,
  LOG_QUERY,
  NODES,
  OBJECT,
  OBJECT_DETAIL,
  OBJECTS_QUERY,
  OK,
  PARAM,
  POLICY,
  PURGE,
  PURGED,
  READINESS,
  TAG,
  TAGS_QUERY,
  TOLD,
  WAIT,
} from './schemas.ts'

const NEXT = z.string().nullable().describe('cursor of the next page')

export const ROUTES: readonly Route[] = [
  route('GET /', {
    summary: 'What there is.',
    answer: z.strictObject({ routes: z.array(z.string()) }),
    run: () => ({ routes: ROUTES.map(({ method, path }) => `${method} ${path}`) }),
  }),
  route('GET /healthz', {
    summary: 'Whether this listener answers. Needs no token.',
    answer: OK,
    open: true,
    run: () => ({ status: 'ok' as const }),
  }),
  route('GET /livez', {
    summary: 'Whether the process lives. Needs no token.',
    answer: OK,
    open: true,
    run: () => ({ status: 'ok' as const }),
  }),
  route('GET /readyz', {
    summary:
      'Whether clients should be sent here: listeners are open, a policy is in use, a backend is healthy or something is stored; else 503, and while it is draining. Redis is no condition. Needs no token.',
    answer: READINESS,
    open: true,
    run: (parts) => readiness(parts),
  }),
  route('GET /openapi.json', {
    summary: 'This description, OpenAPI 3.1.',
    answer: z.looseObject({ openapi: z.string() }),
    run: (parts) => ({ ...openApi(ROUTES, parts.status().version) }),
  }),
  route('GET /stat', {
    summary: 'All counters and gauges, flat, in Varnish’s names.',
    query: z.strictObject({ workers: z.enum(['0', '1']).optional().describe('1: each worker’s own, too, as worker.N.NAME') }),
    answer: z.record(z.string(), z.number()),
    run: (parts, { query: { workers } }) => parts.stat(workers === '1'),
  }),
  route('GET /nodes', {
    summary: 'The nodes that share a Redis, and how far each has followed the log of invalidations. 404 where this one is alone.',
    answer: NODES,
    run: (parts) => nodes(parts),
  }),
  streamRoute('GET /log', {
    summary: 'The transaction log from now on, a line of JSON for each group; it ends when the client does.',
    query: LOG_QUERY,
    answer: LOG_LINE,
    run: (parts, query) => logStream(parts.journal, query),
  }),
  route('POST /command', {
    summary: 'One line in varnishadm’s words. The status in the answer is that of Varnish’s CLI.',
    body: 'text',
    answer: z.strictObject({ status: z.int(), text: z.string() }),
    run: (parts, { body }) => runCommand(parts, body),
  }),
  route('GET /api/status', {
    summary: 'Version, process, addresses, workers, policy, preset, memory, and what is amiss.',
    answer: z.strictObject({
      version: z.string(),
      pid: z.int(),
      state: z.enum(['running', 'draining']),
      degraded: z.array(z.string()).describe('what is amiss while it serves on; empty when all is well'),
      uptime: z.number().describe('seconds'),
      addresses: z.array(z.string()),
      admin: z.string().nullable(),
      workers: z.int().describe('threads that serve clients'),
      policy: z.string(),
      preset: z.string(),
      memory: z
        .strictObject({ budget: z.number(), used: z.number(), rss: z.number(), heap: z.number() })
        .describe('bytes: allowed to and taken by objects; of the process, and of its heap'),
      fleet: GLANCE.nullable().describe('null: this node is alone'),
    }),
    run: (parts) => {
      const { addresses, serving: _, ...status } = parts.status()
      return { ...status, addresses: [...addresses], degraded: [...degraded(parts)], fleet: glance(parts.fleet) }
    },
  }),
  route('POST /api/purge', {
    summary: 'Drops what is stored, or makes it stale.',
    body: PURGE,
    answer: PURGED,
    run: (parts, { body }) => purge(parts, body),
  }),
  route('POST /api/ban', {
    summary: 'Bans what an expression matches and was stored before. 429 when there are too many bans.',
    body: z.strictObject({ expression: z.string().min(1).max(4096), wait: WAIT.optional() }),
    answer: z.strictObject({
      status: z.literal('ok'),
      id: z.string().nullable(),
      banned: z.int().describe('objects dropped so far'),
      complete: z.boolean().describe('whether every older object has been tested; the others are before they are served'),
      fleet: TOLD.exactOptional(),
    }),
    run: async (parts, { body: { expression, wait } }) => {
      const { objects, complete, id = null, told } = await ban(parts, expression, wait)
      return { status: 'ok' as const, id, banned: objects, complete, ...(told === undefined ? {} : { fleet: told }) }
    },
  }),
  route('GET /api/bans', {
    summary: 'The bans, newest first.',
    answer: z.strictObject({ bans: z.array(BAN) }),
    run: async (parts) => ({ bans: [...(await parts.invalidation.bans())] }),
  }),
  route('GET /api/objects', {
    summary: 'Stored objects in the order in which they were stored, in pages.',
    query: OBJECTS_QUERY,
    answer: z.strictObject({ objects: z.array(OBJECT), next: NEXT }),
    run: async (parts, { query }) => {
      const { items, next } = await listObjects(parts.table, parts.clock, query)
      return { objects: [...items], next }
    },
  }),
  route('GET /api/object', {
    summary: 'Everything about the objects under a key, or about one object.',
    query: z.strictObject({
      key: z.string().optional(),
      id: z
        .string()
        .regex(/^\d{1,15}$/)
        .optional(),
    }),
    answer: z.strictObject({ objects: z.array(OBJECT_DETAIL) }),
    run: (parts, { query: { key, id } }) => {
      if ((key === undefined) === (id === undefined))
        throw new Problem(400, 'bad-request', 'one of key and id is needed', 'GET /api/objects shows both')
      const objects = objectsOf(parts.table, parts.clock, key === undefined ? { id: Number(id) } : { key })
      if (objects.length === 0) throw new Problem(404, 'unknown-name', 'no such object is stored', 'GET /api/objects lists what is')
      return { objects }
    },
  }),
  route('GET /api/tags', {
    summary: 'The tags that stored objects carry, by their text, in pages.',
    query: TAGS_QUERY,
    answer: z.strictObject({ tags: z.array(TAG), next: NEXT }),
    run: async (parts, { query }) => {
      const { items, next } = await listTags(parts.table, query)
      return { tags: [...items], next }
    },
  }),
  route('GET /api/params', {
    summary: 'Every parameter with its value.',
    answer: z.strictObject({ params: z.array(PARAM) }),
    run: (parts) => ({ params: [...parts.params.list()] }),
  }),
  route('GET /api/params/{name}', {
    summary: 'One parameter.',
    answer: PARAM,
    run: (parts, { name }) => parts.params.get(name),
  }),
  route('PUT /api/params/{name}', {
    summary: 'Sets a parameter, for what begins from now on.',
    body: z.strictObject({ value: z.union([z.string(), z.number()]).describe('a number of the unit, or text such as "10s" or "32k"') }),
    answer: PARAM,
    run: (parts, { name, body: { value } }) => setParam(parts, name, value),
  }),
  route('DELETE /api/params/{name}', {
    summary: 'Sets a parameter back to its default.',
    answer: PARAM,
    run: (parts, { name }) => setParam(parts, name, null),
  }),
  route('GET /api/policies', {
    summary: 'The policies at hand, in the order in which they were loaded.',
    answer: z.strictObject({ policies: z.array(POLICY) }),
    run: (parts) => ({ policies: [...parts.policies.list()] }),
  }),
  route('POST /api/policies', {
    summary: 'Loads a policy from a file of the server’s machine, without using it yet. 422 when the policy is refused.',
    body: z.strictObject({ file: z.string().min(1), name: z.string().min(1).optional() }),
    answer: z.strictObject({ name: z.string() }),
    status: 201,
    run: async (parts, { body: { name, file } }) => ({ name: await parts.policies.load(name ?? null, file) }),
  }),
  route('POST /api/policies/{name}/use', {
    summary: 'Uses a policy from the next request on.',
    answer: OK,
    run: async (parts, { name }) => {
      await parts.policies.use(knownPolicy(parts.policies, name))
      return { status: 'ok' as const }
    },
  }),
  route('DELETE /api/policies/{name}', {
    summary: 'Forgets a policy that is not in use.',
    answer: OK,
    run: async (parts, { name }) => {
      await parts.policies.discard(knownPolicy(parts.policies, name))
      return { status: 'ok' as const }
    },
  }),
  route('GET /api/backends', {
    summary: 'The origin servers by their names, and the directors before them.',
    answer: z.strictObject({ backends: z.array(BACKEND), directors: z.array(DIRECTOR) }),
    run: ({ backends }) => ({ backends: [...backends.list()], directors: [...backends.directors()] }),
  }),
  route('PUT /api/backends/{name}/health', {
    summary: 'Says whether an origin server is asked: healthy, sick, or auto.',
    body: z.strictObject({ health: z.enum(HEALTHS) }),
    answer: BACKEND,
    run: (parts, { name, body: { health } }) => parts.backends.setHealth(name, health),
  }),
  route('POST /api/explain', {
    summary: 'Why a request would be answered as it would.',
    body: z.strictObject({
      url: z.string().min(1),
      method: z.string().min(1).exactOptional(),
      headers: z.array(z.tuple([z.string(), z.string()])).exactOptional(),
      fetch: z.boolean().exactOptional().describe('ask the origin, too'),
      ip: z.string().exactOptional().describe('the client’s address'),
    }),
    answer: z.looseObject({}),
    run: async (parts, { body }) => ({ ...(await parts.explain(body)) }),
  }),
]

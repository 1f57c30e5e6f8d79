/** What the routes take and answer: requests are checked by these schemas, and OpenAPI shows them. */
import { z } from 'zod'
import { PARAMETERS, type ParamValue } from '../config/params.ts'
import type { BanInfo } from '../invalidation/invalidation.ts'
import { BACKEND_COUNTERS } from '../origin/ledger.ts'
import type { PolicyInfo } from '../policy/policies.ts'
import { GROUPINGS } from '../vsl/grouping.ts'
import { TAG_NAMES, type Tag } from '../vsl/tags.ts'
import { type BackendInfo, type DirectorInfo, HEALTHS } from './backends.ts'
import { type FleetShown, type FleetTold, type GlanceShown, LONGEST_PATIENCE, PATIENCE } from './fleet.ts'
import type { ObjectDetail, ObjectInfo, ObjectsQuery, TagInfo, TagsQuery } from './inventory.ts'
import type { LogAsked, LogLine } from './log-stream.ts'
import type { PurgeAsked, Purged } from './purging.ts'
import type { Readiness } from './readiness.ts'
import { queryNumber } from './route.ts'

export const OK: z.ZodType<{ status: 'ok' }> = z.strictObject({ status: z.literal('ok') })
export const PARAM: z.ZodType<ParamValue> = z.strictObject({
  name: z.enum(PARAMETERS.map(({ name }) => name)),
  value: z.number(),
  default: z.number(),
  unit: z.enum(['seconds', 'bytes', 'fields', 'restarts', 'retries', 'requests', 'levels']),
  min: z.number(),
  max: z.number(),
  prose: z.string(),
})
export const POLICY: z.ZodType<PolicyInfo> = z.strictObject({
  name: z.string(),
  file: z.string().nullable(),
  state: z.enum(['active', 'draining', 'ready', 'kept']),
  transactions: z.int(),
})
export const BACKEND: z.ZodType<BackendInfo> = z.strictObject({
  name: z.string().describe('policy.backend'),
  url: z.string(),
  admin: z.enum(HEALTHS).describe('what an operator said'),
  health: z.enum(['healthy', 'sick']),
  changed: z.number().describe('epoch milliseconds of the last change of its health'),
  probe: z
    .strictObject({
      history: z.string().describe('one letter a probe, newest last: H good, - bad or not made yet'),
      good: z.int().describe('of the window'),
      window: z.int(),
      threshold: z.int(),
      last: z.string().describe('what came of the last one'),
    })
    .nullable()
    .describe('null where there is none'),
  ejected: z.int().describe('directors that leave it out for what it answered, of all workers'),
  counters: z.record(z.enum(['happy', 'conn', ...BACKEND_COUNTERS]), z.int()),
})
export const DIRECTOR: z.ZodType<DirectorInfo> = z.strictObject({
  name: z.string().describe('policy.director'),
  kind: z.string(),
  members: z.array(z.string()).describe('every backend that it can end at'),
  healthy: z.int().describe('of them'),
})
export const BAN: z.ZodType<BanInfo> = z.strictObject({
  id: z.string(),
  expression: z.string(),
  added: z.number().describe('epoch milliseconds'),
  references: z.int().describe('stored objects that are older and have not been tested'),
  state: z.enum(['active', 'completed']),
  objects: z.int().describe('that it dropped'),
})

const OBJECT_SHAPE = z.strictObject({
  id: z.int(),
  key: z.string(),
  /** `null` where a policy made the key without them. */
  url: z.string().nullable(),
  host: z.string().nullable(),
  scheme: z.string().nullable().describe('null where a policy has it make no difference'),
  arm: z.string().nullable().describe('of a split whose arms answer differently'),
  variant: z.record(z.string(), z.string().nullable()).describe('by the names of Vary: what the request had'),
  status: z.int(),
  bytes: z.int().describe('of body, head and index'),
  hits: z.int(),
  age: z.number().describe('seconds'),
  ttl: z.number().describe('seconds that it stays fresh; negative when it is stale'),
  grace: z.number().describe('seconds past its life, as are staleIfError and keep'),
  staleIfError: z.number(),
  keep: z.number(),
  state: z.enum(['fresh', 'grace', 'stale']),
  tags: z.array(z.string()),
})

export const OBJECT: z.ZodType<ObjectInfo> = OBJECT_SHAPE
export const OBJECT_DETAIL: z.ZodType<ObjectDetail> = OBJECT_SHAPE.extend({
  reason: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])).describe('as stored, in order'),
  bodyBytes: z.int(),
  part: z.strictObject({ first: z.int(), last: z.int(), total: z.int().nullable() }).nullable(),
  backend: z.string(),
  lifetimeSource: z.string(),
  mustRevalidate: z.boolean(),
  position: z.int().describe('of the invalidation log when its fetch began'),
  markers: z
    .array(z.strictObject({ type: z.enum(['hitForMiss', 'hitForPass']), credentialed: z.boolean(), left: z.number().describe('seconds') }))
    .describe('refusals remembered beside it'),
})

const page = {
  limit: queryNumber(1, 1000).optional().describe('default 100'),
  cursor: z.string().optional().describe('`next` of the page before'),
}

export const OBJECTS_QUERY: z.ZodType<ObjectsQuery> = z.strictObject({
  url: z.string().optional().describe('path and query, whole; or http://host/path'),
  host: z.string().optional(),
  prefix: z.string().optional().describe('URLs that begin so'),
  tag: z.string().optional(),
  status: queryNumber(100, 999).optional(),
  ...page,
})
export const TAG: z.ZodType<TagInfo> = z.strictObject({ tag: z.string(), objects: z.int() })
export const TAGS_QUERY: z.ZodType<TagsQuery> = z.strictObject({ prefix: z.string().optional(), ...page })

export const WAIT: z.ZodType<boolean | number> = z
  .union([z.boolean(), z.number().positive().max(LONGEST_PATIENCE)])
  .describe(`answer when every node that lives has applied it, or after so many seconds; true: ${PATIENCE}`)

const STATE = z.enum(['following', 'catching-up', 'cut-off'])
const HEARD = z.number().nullable().describe('milliseconds since the log was last heard of; null: never')

export const GLANCE: z.ZodType<GlanceShown> = z.strictObject({
  state: STATE,
  heard: HEARD,
  behind: z.int().describe('entries of the log that are not applied here'),
  queued: z.int().describe('invalidations of this node that are not in the log'),
  nodes: z.int().describe('that live, this one included'),
})

export const NODES: z.ZodType<FleetShown> = z.strictObject({
  state: STATE.describe('of this node: entries arrive; it reads what it has missed; Redis cannot be reached'),
  position: z.string().describe('up to where it has applied the log, as Redis has it'),
  heard: HEARD,
  queued: z.int().describe('invalidations of this node that are not in the log'),
  nodes: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      self: z.boolean(),
      position: z.string(),
      behind: z.int().describe('entries that it has not applied'),
      heard: z.number().describe('milliseconds since it was last heard of'),
    }),
  ),
})

export const TOLD: z.ZodType<FleetTold> = z
  .strictObject({
    state: z.enum(['told', 'queued']).describe('in the log that all nodes follow; waiting for Redis to be reached'),
    nodes: z
      .array(
        z.strictObject({ node: z.string(), name: z.string(), objects: z.int().nullable().describe('that went there; null: not told') }),
      )
      .exactOptional()
      .describe('with wait: those that have applied it'),
    missing: z.array(z.string()).exactOptional().describe('with wait: names of those that have not'),
  })
  .describe('the other nodes; absent where there are none')

export const READINESS: z.ZodType<Readiness> = z.strictObject({
  status: z.literal('ready'),
  policy: z.string(),
  backends: z.enum(['healthy', 'stored', 'none']).describe('stored: all are sick, and what is stored is served'),
  redis: z.enum(['off', 'following', 'catching-up', 'cut-off']),
  degraded: z.array(z.string()).describe('what is amiss while it serves on'),
})

export const PURGE: z.ZodType<PurgeAsked> = z.strictObject({
  url: z.string().min(1).optional().describe('http://host/path, or a path with `host`: every variant of it'),
  tags: z.array(z.string().min(1)).min(1).max(10_000).optional().describe('every object that carries any of them'),
  prefix: z.string().min(1).optional().describe('URLs that begin so: http://host/path, or a path with `host`'),
  host: z.string().min(1).optional().describe('every object of the host, or the host of `url` or `prefix`'),
  all: z.literal(true).optional(),
  soft: z.boolean().optional().describe('only make it stale'),
  dryRun: z.boolean().optional().describe('only count'),
  refresh: z.boolean().optional().describe('fetch anew what went, as far as a plain GET can'),
  wait: WAIT.optional(),
})

export const PURGED: z.ZodType<Purged> = z.strictObject({
  status: z.literal('ok'),
  purged: z.int().describe('objects that went'),
  softPurged: z.int().describe('objects that were made stale'),
  dryRun: z.boolean(),
  refreshed: z.int().describe('objects that were fetched anew'),
  refreshSkipped: z
    .int()
    .describe('objects that went and were not: with Vary, under a key of a policy’s making, more than 1,000, or the fetch failed'),
  fleet: TOLD.exactOptional(),
})

export const LOG_QUERY: z.ZodType<LogAsked> = z.strictObject({
  query: z.string().optional().describe('groups in which it holds for a record, in the language of vsl-query(7)'),
  group: z
    .enum(GROUPINGS)
    .optional()
    .describe(
      'what comes together: each transaction (the default), what a request or a session began, raw: also records of no transaction',
    ),
})

export const LOG_LINE: z.ZodType<LogLine> = z.strictObject({
  transactions: z
    .array(
      z.strictObject({
        level: z.int().describe('1 for the first of its group, 2 for what that began; 0 where they are raw'),
        type: z.enum(['sess', 'req', 'bereq', 'raw']),
        vxid: z.int(),
        parent: z.int().describe('vxid of the transaction that began it; 0: none'),
        reason: z.string(),
        records: z.array(z.tuple([z.enum(TAG_NAMES as [Tag, ...Tag[]]), z.string()])).describe('tag and text, in order'),
      }),
    )
    .exactOptional()
    .describe('a group; each behind the one that began it'),
  incomplete: z.boolean().exactOptional().describe('something of the group is missing'),
  lost: z.int().exactOptional().describe('so many transactions or groups are missing before this line'),
})

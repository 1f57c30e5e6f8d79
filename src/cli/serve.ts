/** `clearcoat [serve] [ORIGIN]`: starts the cache, tells where it is, and ends it in good order. */

import { relative } from 'node:path'
import { packageVersion } from '../admin/version.ts'
import { memoryLimit } from '../config/memory.ts'
import type { LogTarget } from '../config/option-kinds.ts'
import { ALL_OPTIONS, CONFIG_OPTION, OPTIONS, type OptionValues } from '../config/options.ts'
import { type OptionTexts, type RedisInput, type ResolvedOptions, resolveOption, resolveOptions } from '../config/resolve.ts'
import type { Server } from '../server/server.ts'
import { banner, type StartFacts } from './banner.ts'
import { beginAnew } from './begin-anew.ts'
import { checkValues } from './check-values.ts'
import { type CommandRow, tableRow } from './command.ts'
import { EXIT, type ExitCode } from './complaint.ts'
import { configFile } from './config-file.ts'
import { type Demo, startDemo } from './demo.ts'
import { OPTION_NOTES } from './help.ts'
import { originBackend } from './origin-backend.ts'
import { type Output, openOutput } from './output.ts'
import { untilSignal } from './signals.ts'

export const SERVE: CommandRow = {
  name: 'serve',
  summary: 'start the cache; the default',
  description: 'Keeps what a web server answers and serves it again.',
  examples: [
    ['clearcoat http://localhost:3000', 'the cache on 127.0.0.1:8080 in front of your server'],
    ['clearcoat', 'the same in front of a small demo shop'],
    ['clearcoat --origin http://a:3000 --origin http://b:3000', 'two servers that take turns, and stand in for each other'],
    ['clearcoat http://localhost:3000 --policy shop.ts --watch', 'with a policy, reloaded when it changes'],
    ['clearcoat --vcl default.vcl --watch', 'as the VCL says, with its backends'],
    ['clearcoat --vcl default.vcl --label shop=shop.vcl --label blog=blog.vcl', 'with the VCLs that it hands requests to'],
    ['clearcoat http://10.0.0.5 --listen :80 --memory 2G --trust 10.0.0.0/8', ''],
  ],
  rows: [tableRow(CONFIG_OPTION), ...ALL_OPTIONS],
  notes: OPTION_NOTES,
  run: async ({ options, around }) => serve(resolved({ ...options, file: await configFile(options, around.folder) }), packageVersion()),
}

const FLUSH_MS = 1000

/** A VCL means what it says under Varnish's own rules. */
function resolved(texts: OptionTexts): ResolvedOptions {
  const options = resolveOptions(texts)
  const { values } = options
  if (values.vcl === null || resolveOption(OPTIONS.preset, 'preset', texts).origin !== 'default') return options
  return { ...options, values: { ...values, preset: 'varnish' } }
}

/** Resolves with the exit code when the server has ended. Rejects when it could not start. */
async function serve(options: ResolvedOptions, version: string): Promise<ExitCode> {
  const { values } = options
  checkValues(values)
  if (values.workers !== 1) beginAnew()
  const terminal = process.stdout.isTTY === true
  const output = openOutput(values.log ?? defaultLog(terminal), terminal)
  const demo = values.origin === null && values.vcl === null ? await startDemo() : null
  const origins = values.origin ?? (demo === null ? [] : [demo.url])
  const policyFile = values.policy ?? values.vcl ?? demo?.policy ?? null
  const server = await start(options, origins, policyFile, output).catch(async (error: unknown) => {
    await demo?.close()
    throw error
  })
  output.countIn(server.counters)
  const ending = untilSignal({
    now: () => {
      output.finishNow()
      process.exit(EXIT.failure)
    },
    reopen: () => output.reopen(),
    reload: values.policy === null && values.vcl === null ? null : () => void server.policies.reload(),
  })
  const limit = memoryLimit()
  const { memory, preset } = server.settings
  const policy = policyFile === null ? 'the built-in one' : shownPath(policyFile)
  announce(
    {
      version,
      origin: origins.join(', '),
      demo: demo !== null,
      listen: server.addresses,
      admin: server.admin,
      workers: server.workers,
      memory,
      memoryLimit: limit,
      preset,
      policy,
    },
    output,
    terminal,
  )
  await end(await ending, server, demo, output)
  return EXIT.ok
}

async function start(
  { values, limits, deadlines }: ResolvedOptions,
  origins: readonly string[],
  policyFile: string | null,
  output: Output,
): Promise<Server> {
  const { startServer } = await import('../workers/create-server.ts')
  const { listen, admin, adminToken, workers, trust, purgeFrom, refreshFrom, purgeToken, tagFields } = values
  const { compress, compressTypes, compressMin, compressAgain, slice } = values
  const { preset, name, memory, maxObject, params, dns, vclLabels } = values
  // The demo's policy is there to be played with.
  const watch = values.watch || (values.policy === null && values.vcl === null)
  const { accessLog, eventLog } = output
  return startServer(
    {
      // Without any, the policy's backends are all that there is.
      ...(origins.length === 0 ? {} : { origin: origins.map((origin) => originBackend(origin, values)) }),
      dnsServers: dns,
      listen,
      admin,
      ...(adminToken === null ? {} : { adminToken }),
      workers,
      trust,
      purgeFrom,
      ...(refreshFrom === null ? {} : { refreshFrom }),
      ...(purgeToken === null ? {} : { purgeToken }),
      tagFields,
      compress,
      compressTypes,
      compressMin,
      compressAgain,
      slice,
      preset,
      name,
      memory,
      ...(policyFile === null ? {} : { policyFile, watch }),
      vclLabels,
      ...(maxObject === null ? {} : { maxObject }),
      redis: redisInput(values),
      limits,
      deadlines,
      params,
      accessLog,
      eventLog,
    },
    output.workers,
  )
}

function redisInput(values: OptionValues): RedisInput | null {
  const { redis, redisPassword, redisCa, redisPrefix, redisSecret, redisMaxObject, redisStaleLimit, redisClaims, redisDeadline } = values
  if (redis === null) return null
  return {
    servers: redis,
    password: redisPassword,
    ca: redisCa,
    prefix: redisPrefix,
    secret: redisSecret,
    maxObject: redisMaxObject,
    staleLimit: redisStaleLimit,
    claims: redisClaims,
    deadline: redisDeadline,
    node: values.nodeName,
  }
}

/** Relative to the working directory where it lies in there. */
function shownPath(file: string): string {
  const path = relative(process.cwd(), file)
  return path.startsWith('..') ? file : path
}

function announce(facts: StartFacts, output: Output, terminal: boolean): void {
  if (terminal) for (const line of banner(facts)) output.say(line)
  else output.say(listening(facts))
  if (facts.memory > facts.memoryLimit)
    output.eventLog.warn({ memory: facts.memory, memoryLimit: facts.memoryLimit }, 'the memory budget is above what this process may use')
}

/** The first event: whoever starts this process waits for it, and reads from it where to connect. */
function listening({ listen, admin, ...rest }: StartFacts): string {
  return JSON.stringify({ event: 'listening', listen, admin, ...rest, time: new Date().toISOString() })
}

async function end(signal: NodeJS.Signals, server: Server, demo: Demo | null, output: Output): Promise<void> {
  output.eventLog.info(
    { event: 'draining', signal, seconds: server.settings.deadlines.drain },
    'finishing what is in flight; a second signal ends at once',
  )
  await server.drain()
  await server.close()
  await demo?.close()
  output.eventLog.info({ event: 'ended' }, 'ended')
  await output.finish(FLUSH_MS)
}

function defaultLog(terminal: boolean): LogTarget {
  return { format: terminal ? 'pretty' : 'json', file: null }
}

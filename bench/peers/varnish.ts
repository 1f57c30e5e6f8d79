/** Varnish with its memory in malloc, configured by the files in `varnish/`; read by `varnishncsa` where the scenario logs, else by nobody. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, listening, startProgram } from '../harness/program.ts'
import type { Scenario } from '../harness/scenario.ts'
import { type Target, temporary } from '../harness/target.ts'
import { filled } from './template.ts'

export async function startVarnish(origin: number, scenario: Scenario): Promise<Target> {
  const port = await freePort()
  const directory = temporary('varnish')
  const vcl = join(directory, 'default.vcl')
  const name = scenario.work === 'pass' ? 'pass' : scenario.policy !== 'none' ? 'hooks' : 'cache'
  writeFileSync(vcl, filled(`varnish/${name}.vcl`, { ORIGIN: origin }))
  chmodSync(directory, 0o755) // its compiler runs as another user
  const work = join(directory, 'work')
  const listen = ['-a', `127.0.0.1:${port}`, '-T', 'none', '-n', work]
  const program = startProgram(['varnishd', '-F', ...listen, '-f', vcl, '-s', `malloc,${scenario.memory.toLowerCase()}`])
  await listening(program, port)
  const log = scenario.log ? join(directory, 'access.log') : null
  const reader = log === null ? null : startProgram(['varnishncsa', '-n', work, '-w', log, '-f', LOG_FORMAT])
  return {
    name: 'varnish',
    port,
    age: true,
    distinct: true,
    log,
    cpu: () => program.cpu() + (reader?.cpu() ?? 0),
    stop: async () => {
      await reader?.stop()
      await program.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const LOG_FORMAT = fileURLToPath(new URL('varnish/log.format', import.meta.url))

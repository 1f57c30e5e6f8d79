/** nginx with `proxy_cache` on tmpfs and one worker, with and without `open_file_cache`; configured by the files in `nginx/`. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, listening, startProgram } from '../harness/program.ts'
import type { Scenario } from '../harness/scenario.ts'
import { type Target, temporary } from '../harness/target.ts'
import { filled } from './template.ts'

export async function startNginx(origin: number, scenario: Scenario, openFileCache: boolean): Promise<Target> {
  const port = await freePort()
  const directory = temporary('nginx')
  const part = (name: string): string => filled(`nginx/${name}.conf`, { DIRECTORY: directory })
  const config = filled('nginx/nginx.conf', {
    DIRECTORY: directory,
    ORIGIN: origin,
    PORT: port,
    OPTIONS: part(scenario.log ? 'log' : 'no-log') + (openFileCache ? part('open-file-cache') : ''),
    LOCATION: scenario.work === 'pass' ? '' : part(scenario.policy !== 'none' ? 'hooks' : 'cache'),
  })
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, config)
  const program = startProgram(['nginx', '-p', directory, '-c', file, '-e', join(directory, 'error.log')])
  await listening(program, port)
  return {
    name: openFileCache ? 'nginx, open_file_cache' : 'nginx',
    port,
    age: false,
    distinct: true,
    log: scenario.log ? join(directory, 'access.log') : null,
    cpu: program.cpu,
    stop: async () => {
      await program.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Varnish with its memory in malloc, and no log readers attached. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Target, Work } from '../harness/target.ts'
import { freePort, startProgram } from './proc.ts'

export async function startVarnish(origin: number, work: Work): Promise<Target> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'bench-varnish-'))
  const pass = work === 'pass' ? 'return (pass);' : 'unset req.http.Cookie; return (hash);'
  const vcl = `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${origin}"; } sub vcl_recv { ${pass} }`
  writeFileSync(join(directory, 'default.vcl'), vcl)
  chmodSync(directory, 0o755) // its compiler runs as another user
  const listen = `127.0.0.1:${port}`
  const program = await startProgram(
    ['varnishd', '-F', '-a', listen, '-f', join(directory, 'default.vcl'), '-n', join(directory, 'work'), '-s', 'malloc,1g', '-T', 'none'],
    port,
  )
  return {
    name: 'varnish',
    port,
    age: true,
    cpu: program.cpu,
    stop: async () => {
      await program.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The peers that are installed, each configured for the same work; says which were left out. */
import { installed } from '../harness/pinning.ts'
import type { Target, Work } from '../harness/target.ts'
import { startNginx } from './nginx.ts'
import { startVarnish } from './varnish.ts'

export async function peers(origin: number, work: Work): Promise<readonly Target[]> {
  const found: Target[] = []
  if (installed('nginx')) {
    found.push(await startNginx(origin, work, false))
    if (work === 'hit') found.push(await startNginx(origin, work, true))
  } else leftOut('nginx')
  if (installed('varnishd')) found.push(await startVarnish(origin, work))
  else leftOut('varnish')
  return found
}

function leftOut(name: string): void {
  process.stdout.write(`left out: ${name} is not installed\n`)
}

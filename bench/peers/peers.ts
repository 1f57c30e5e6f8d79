/** The peers that are installed, each configured for the same work; says which were left out. */
import { installed } from '../harness/pinning.ts'
import type { Scenario } from '../harness/scenario.ts'
import type { Target } from '../harness/target.ts'
import { startNginx } from './nginx.ts'
import { startVarnish } from './varnish.ts'

export async function peers(origin: number, scenario: Scenario): Promise<readonly Target[]> {
  const found: Target[] = []
  if (installed('nginx')) {
    found.push(await startNginx(origin, scenario, false))
    if (scenario.work === 'hit') found.push(await startNginx(origin, scenario, true))
  } else leftOut('nginx')
  if (installed('varnishd') && (!scenario.log || installed('varnishncsa'))) found.push(await startVarnish(origin, scenario))
  else leftOut('varnish')
  return found
}

function leftOut(name: string): void {
  process.stdout.write(`left out: ${name} is not installed\n`)
}

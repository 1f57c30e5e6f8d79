/** A site whose origin stands behind a box of faults. */
import { onTestFinished } from 'vitest'
import { FaultBox } from '../support/fault-box.ts'
import type { OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { open, type Site, type SiteOptions } from './site.ts'

export interface Faulty {
  readonly site: Site
  readonly box: FaultBox
}

export async function openBehindBox(script: OriginScript, options: SiteOptions = {}): Promise<Faulty> {
  const box = await FaultBox.start()
  onTestFinished(() => box.close())
  const site = await open(script, { origin: box.url, ...options })
  box.lead(site.origin.port, site.clock)
  return { site, box }
}

/** Lets time pass in steps of `ms` whenever the box holds something back, until the answer is here. */
export async function passing<T>({ site, box }: Faulty, ms: number, answer: Promise<T>): Promise<T> {
  let here = false
  const over = (): void => {
    here = true
  }
  answer.then(over, over)
  while (!here) {
    await until(() => here || box.holding, 'bytes that are held back, or the answer')
    if (!here) site.clock.advance(ms)
  }
  return answer
}

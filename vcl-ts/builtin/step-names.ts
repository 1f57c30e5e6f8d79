/** The named steps of the built-in policy: hook → steps, in the order in which they run when no policy decided. */
import type { RequestHook } from '../legal.ts'

export const STEPS = {
  recv: ['reqHost', 'reqInvalidate', 'reqUpgrade', 'reqMethod', 'reqAuthorization', 'reqCookie', 'reqCacheControl'],
  purge: ['purgeAnswer'],
  synth: ['synthPage'],
  backendRefresh: ['refreshValid', 'refreshConditions', 'refreshStatus'],
  backendResponse: ['berespRange', 'berespStale', 'berespCookie', 'berespControl', 'berespVary', 'berespClass'],
  backendError: ['berespPage'],
} as const

export type SteppedHook = keyof typeof STEPS
export type StepName<H extends SteppedHook = SteppedHook> = (typeof STEPS)[H][number]

export const STEP_NAMES: readonly StepName[] = Object.freeze(Object.values(STEPS).flat())

/** The steps of a hook; most hooks have only a default answer. */
export function stepsOf(hook: RequestHook): readonly StepName[] {
  return Object.hasOwn(STEPS, hook) ? STEPS[hook as SteppedHook] : []
}

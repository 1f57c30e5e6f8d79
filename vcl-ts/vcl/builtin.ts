/** The steps of the built-in policy under the preset `varnish`, for a policy that puts its own code before one. */
import { backendSteps } from '../builtin/backend-steps.ts'
import { clientSteps } from '../builtin/client-steps.ts'
import { decisionsFor } from '../builtin/decisions.ts'
import type { StepName, SteppedHook } from '../builtin/step-names.ts'
import type { StepReplacement } from '../policy.ts'

type Steps = { readonly [H in SteppedHook as StepName<H>]: StepReplacement<H, object> }

const VARNISH = decisionsFor('varnish')

/** By name: `vcl.builtin.reqCookie(context)`. */
export const builtin: Steps = Object.freeze({ ...clientSteps(VARNISH), ...backendSteps(VARNISH) }) as Steps

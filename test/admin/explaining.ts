/** A site whose requests are explained, with a policy from a file where one is given. */
import type { ExplainedDecision, ExplainRequest, Explanation } from '../../src/admin/explanation.ts'
import { type Fields, open, type Site, type SiteOptions } from '../journey/site.ts'
import { Folder } from '../policy/folder.ts'
import type { OriginScript } from '../support/scripted-origin.ts'

/** What lies in the folder of the policy, and the policy itself, `shop.ts`. */
export async function openWith(source: string, script: OriginScript, options: SiteOptions = {}): Promise<Site & { readonly file: string }> {
  const folder = new Folder({ 'shop.ts': source })
  const file = folder.of('shop.ts')
  return Object.assign(await open(script, { policyFile: file, ...options }), { file })
}

export function explain(site: Site, path: string, fields: Fields = {}, more: Partial<ExplainRequest> = {}): Promise<Explanation> {
  return site.server.explain({ url: `http://www.example${path}`, headers: Object.entries(fields), ...more })
}

/** `recv: step reqCookie → pass`, those without an opinion left out. */
export function deciders(explanation: Explanation): string[] {
  return explanation.decisions.flatMap(({ hook, by, action }) => (action === null ? [] : [`${hook}: ${by} → ${action.type}`]))
}

export function decisionOf(explanation: Explanation, by: string): ExplainedDecision {
  const found = explanation.decisions.find((decision) => decision.by === by)
  if (found === undefined) throw new Error(`${by} did not run; there ran ${explanation.decisions.map((each) => each.by).join(', ')}`)
  return found
}

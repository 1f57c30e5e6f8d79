/** Every lint of `clearcoat check`, and their findings in a bundle. */
import type { PolicyBundle } from '../../policy/load.ts'
import { DEAD_RULE } from './dead-rule.ts'
import type { Finding, Lint } from './finding.ts'
import { ILLEGAL_WRITE } from './illegal-write.ts'
import { OPEN_PURGE_ACL } from './open-purge-acl.ts'
import { policiesOf } from './policy-tree.ts'
import { SHARED_PERSONAL } from './shared-personal.ts'
import { SourceTree } from './source-tree.ts'
import { DECODED_PATH, UNANCHORED } from './unanchored.ts'

export const LINTS: readonly Lint[] = [OPEN_PURGE_ACL, SHARED_PERSONAL, DEAD_RULE, ILLEGAL_WRITE, UNANCHORED, DECODED_PATH]

/** In the order of the sources. What packages say in `node_modules` is not the user's to mend. */
export function lint(bundle: PolicyBundle): Finding[] {
  const tree = new SourceTree(bundle)
  const policies = policiesOf(tree)
  const hooks = policies.flatMap((policy) => [...policy.hooks, ...policy.steps])
  const found = LINTS.flatMap(({ name, severity, how, find }) =>
    find({ tree, policies, hooks }).flatMap((complaint): Finding[] => {
      const place = tree.placeOf(complaint.node)
      if (place === null || place.file.includes('/node_modules/')) return []
      return [{ rule: name, severity, ...place, message: complaint.message, how: complaint.how ?? how }]
    }),
  )
  return unique(found).sort(inOrder)
}

/** Two lints, or one by two ways, may blame the same place for the same. */
function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()]
}

export function inOrder(a: Finding, b: Finding): number {
  return a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) || a.rule.localeCompare(b.rule)
}

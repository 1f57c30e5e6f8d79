/** What a person at a terminal sees at the start. */
import { formatSize } from '../config/size.ts'

export interface StartFacts {
  readonly version: string
  readonly origin: string
  readonly demo: boolean
  readonly listen: readonly string[]
  readonly admin: string | null
  readonly workers: number
  /** Bytes, as is the limit that the process sees. */
  readonly memory: number
  readonly memoryLimit: number
  readonly preset: string
  readonly policy: string
}

export function banner(facts: StartFacts): string[] {
  const [first] = facts.listen.filter((address) => !address.startsWith('/'))
  const lines = [
    `Clearcoat ${facts.version} in front of ${facts.demo ? `a demo shop at ${facts.origin}` : facts.origin}`,
    ...facts.listen.map((address) => row('listening', asUrl(address))),
    row('admin', facts.admin === null ? 'off' : facts.admin.startsWith('/') ? facts.admin : `http://${facts.admin}/stat`),
    ...(facts.workers === 1 ? [] : [row('workers', String(facts.workers))]),
    row('memory', `${formatSize(facts.memory)} of the ${formatSize(facts.memoryLimit)} that this process may use`),
    row('preset', facts.preset),
    row('policy', facts.policy),
  ]
  if (first !== undefined) lines.push(row('try', `curl -s -o /dev/null -D - ${asUrl(first)}/   (twice: MISS, then HIT)`))
  return lines
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(10)}${value}`
}

/** A listener on all addresses is shown as one that a browser can open. */
function asUrl(address: string): string {
  return address.startsWith('/') ? address : `http://${address.replace(/^(?:0\.0\.0\.0|\[::\]):/, 'localhost:')}`
}

/** Another commit as a target, and the difference between it and this tree, paired round by round. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figures } from './measure.ts'
import { type Spread, spread } from './statistics.ts'
import { ROOT } from './target.ts'

export interface Checkout {
  readonly root: string
  remove(): void
}

/** The sources of a commit in a temporary directory, with the packages of the repository’s own tree. Throws what git says of a name that it does not know. */
export function checkOut(ref: string, repository: string = ROOT): Checkout {
  const directory = mkdtempSync(join(tmpdir(), 'bench-compare-'))
  const root = join(directory, 'tree')
  const remove = (): void => {
    spawnSync('git', ['worktree', 'remove', '--force', root], { cwd: repository })
    rmSync(directory, { recursive: true, force: true })
  }
  const { status, stderr } = spawnSync('git', ['worktree', 'add', '--detach', root, ref], { cwd: repository, encoding: 'utf8' })
  if (status !== 0) {
    remove()
    throw new Error(`cannot compare with ${ref}: ${stderr.trim()}`)
  }
  symlinkSync(realpathSync(join(repository, 'node_modules')), join(root, 'node_modules'))
  return { root, remove }
}

export interface Difference {
  /** Of processor time per answer, in per cent of the other's: below zero, ours takes less. */
  readonly percent: Spread
  readonly less: number
  readonly rounds: number
  /** What can be said with confidence: all rounds but at most one in eight agree. */
  readonly verdict: 'less' | 'more' | 'no difference that this can tell'
}

export function difference(ours: Figures, theirs: Figures): Difference {
  const percents = ours.cpu.map((cpu, round) => (cpu / (theirs.cpu[round] ?? Number.NaN) - 1) * 100)
  const rounds = percents.length
  const less = percents.filter((percent) => percent < 0).length
  const dissent = rounds < 5 ? -1 : Math.floor(rounds / 8)
  const verdict = rounds - less <= dissent ? 'less' : less <= dissent ? 'more' : 'no difference that this can tell'
  return { percent: spread(percents), less, rounds, verdict }
}

/** One line for a review. */
export function differenceLine(scenario: string, ref: string, { percent, less, rounds, verdict }: Difference): string {
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)} %`
  const range = `${signed(percent.lowest)} to ${signed(percent.highest)}`
  return `${scenario}: CPU per answer ${signed(percent.median)} against ${ref} (${range}; less in ${less} of ${rounds} rounds): ${verdict}`
}

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkOut, difference, differenceLine } from '../../bench/harness/compare.ts'
import type { Figures } from '../../bench/harness/measure.ts'

function figures(...cpu: readonly number[]): Figures {
  return { name: '', cpu, rate: [], p99: [], answers: 0, wrong: 0, logged: null }
}

describe('a comparison with another commit', () => {
  it('pairs the rounds: a difference that all of them show is told, though the machine slowed down meanwhile', () => {
    const found = difference(figures(9, 18, 27, 36, 45), figures(10, 20, 30, 40, 50))
    expect(found.verdict).toBe('less')
    expect(found.percent.median).toBeCloseTo(-10)
    expect(difference(figures(10, 20, 30, 40, 50), figures(9, 18, 27, 36, 45)).verdict).toBe('more')
  })

  it('claims nothing when rounds disagree, or when there are too few', () => {
    expect(difference(figures(9, 9, 11, 9, 9), figures(10, 10, 10, 10, 10)).verdict).toBe('no difference that this can tell')
    expect(difference(figures(9, 9, 9, 9), figures(10, 10, 10, 10)).verdict).toBe('no difference that this can tell')
  })

  it('is one line for a review', () => {
    const line = differenceLine('hit-small', 'main', difference(figures(9, 9, 9, 9, 8), figures(10, 10, 10, 10, 10)))
    expect(line).toBe('hit-small: CPU per answer −10.0 % against main (−20.0 % to −10.0 %; less in 5 of 5 rounds): less')
  })
})

describe('the other commit', () => {
  let repository = ''
  const git = (...args: readonly string[]): void => {
    const who = ['-c', 'user.name=A', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false']
    expect(spawnSync('git', [...who, ...args], { cwd: repository }).status).toBe(0)
  }

  beforeEach(() => {
    repository = mkdtempSync(join(tmpdir(), 'bench-test-'))
    mkdirSync(join(repository, 'node_modules'))
    writeFileSync(join(repository, 'node_modules/package'), 'a package')
    git('init', '-q')
    writeFileSync(join(repository, 'source'), 'before')
    git('add', 'source')
    git('commit', '-qm', 'First')
    writeFileSync(join(repository, 'source'), 'after')
  })
  afterEach(() => rmSync(repository, { recursive: true, force: true }))

  it('has its own sources with the packages of the tree, and leaves nothing behind', () => {
    const { root, remove } = checkOut('HEAD', repository)
    expect(readFileSync(join(root, 'source'), 'utf8')).toBe('before')
    expect(readFileSync(join(root, 'node_modules/package'), 'utf8')).toBe('a package')
    remove()
    expect(existsSync(root)).toBe(false)
    expect(spawnSync('git', ['worktree', 'list'], { cwd: repository, encoding: 'utf8' }).stdout.trim().split('\n')).toHaveLength(1)
    expect(readFileSync(join(repository, 'node_modules/package'), 'utf8')).toBe('a package')
  })

  it('says of one that git does not know what git says', () => {
    expect(() => checkOut('no-such-commit', repository)).toThrow(/cannot compare with no-such-commit: .*no-such-commit/)
  })
})

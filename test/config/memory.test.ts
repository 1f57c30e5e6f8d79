import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultBudget, memoryLimit } from '../../src/config/memory.ts'

const MIB = 1024 * 1024
const TOTAL = 8192 * MIB

describe('the memory limit', () => {
  let root = ''

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'clearcoat-memory-'))
  })

  afterEach(() => rmSync(root, { recursive: true }))

  function file(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }

  const limit = (): number => memoryLimit({ root, total: TOTAL })

  it('is the machine’s memory where there are no control groups', () => {
    expect(limit()).toBe(TOTAL)
  })

  it('is that of the process’s own group', () => {
    file('proc/self/cgroup', '0::/app.slice/clearcoat.service\n')
    file('sys/fs/cgroup/app.slice/clearcoat.service/memory.max', `${512 * MIB}\n`)
    expect(limit()).toBe(512 * MIB)
  })

  it('is the smallest of all groups above as well', () => {
    file('proc/self/cgroup', '0::/a/b/c\n')
    file('sys/fs/cgroup/a/b/c/memory.max', 'max\n')
    file('sys/fs/cgroup/a/b/memory.max', `${700 * MIB}\n`)
    file('sys/fs/cgroup/a/memory.max', `${300 * MIB}\n`)
    expect(limit()).toBe(300 * MIB)
  })

  it('is found at the mount’s root in a container that does not see its own group', () => {
    file('proc/self/cgroup', '0::/docker/0123\n')
    file('sys/fs/cgroup/memory.max', `${256 * MIB}\n`)
    expect(limit()).toBe(256 * MIB)
    file('proc/self/cgroup', '0::/../../0123\n')
    expect(limit()).toBe(256 * MIB)
  })

  it('is read from version 1 groups, where a huge number means none', () => {
    file('proc/self/cgroup', '5:cpu,cpuacct:/x\n4:memory:/docker/0123\n0::/\n')
    file('sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes', '9223372036854771712\n')
    expect(limit()).toBe(TOTAL)
    file('sys/fs/cgroup/memory/memory.limit_in_bytes', `${128 * MIB}\n`)
    expect(limit()).toBe(128 * MIB)
  })

  it('is not moved by a file that cannot be understood', () => {
    file('proc/self/cgroup', 'nonsense\n0::/\n')
    file('sys/fs/cgroup/memory.max', '0\n')
    expect(limit()).toBe(TOTAL)
    file('sys/fs/cgroup/memory.max', '-5\n')
    expect(limit()).toBe(TOTAL)
  })

  it('gives the cache a quarter of it, in whole MiB, and at least one', () => {
    expect(defaultBudget(1001 * MIB + 5)).toBe(250 * MIB)
    expect(defaultBudget(MIB)).toBe(MIB)
  })

  it('is a positive number on this machine', () => {
    expect(memoryLimit()).toBeGreaterThan(MIB)
  })
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { aclRule, REDIS_COMMANDS } from '../../src/redis/acl.ts'

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url))

it('lists every command that a script calls', () => {
  const called = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(join(SOURCE, name), 'utf8').matchAll(/redis\.p?call\(\s*['"]([A-Za-z]+)['"]/g)])
    .map(([, command = '']) => command.toLowerCase())
  expect(called.filter((command) => !REDIS_COMMANDS.includes(command))).toEqual([])
})

it('allows them under a prefix alone, and nothing else', () => {
  expect(aclRule('x:')).toBe(`resetkeys resetchannels ~x:* &x:* -@all ${REDIS_COMMANDS.map((name) => `+${name}`).join(' ')}`)
  expect(new Set(REDIS_COMMANDS).size).toBe(REDIS_COMMANDS.length)
})

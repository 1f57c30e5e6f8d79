import { expect, test } from 'vitest'
import { RecentHosts } from '../../src/wire/recent-hosts.ts'

const inLine = (host: string): [Buffer, number, number] => [Buffer.from(`Host: ${host}\r\n`, 'latin1'), 6, 6 + host.length]

test('finds a host that was remembered, and no other in its place', () => {
  const hosts = new RecentHosts()
  expect(hosts.find(...inLine('www.example'))).toBeNull()
  expect(hosts.remember(...inLine('www.example'))).toBe('www.example')
  expect(hosts.find(...inLine('www.example'))).toBe('www.example')
  // The same length, first and last byte.
  for (const other of ['wwx.example', 'www.exbmple', 'w.w.example', 'www.examplee', 'www.exampl'])
    expect(hosts.find(...inLine(other))).toBeNull()
})

test('does not see the bytes of the buffer change that it was read from', () => {
  const hosts = new RecentHosts()
  const [bytes, from, to] = inLine('www.example')
  hosts.remember(bytes, from, to)
  bytes.fill(120)
  expect(hosts.find(...inLine('www.example'))).toBe('www.example')
  expect(hosts.find(bytes, from, to)).toBeNull()
})

test('remembers the last of the hosts that have the same place', () => {
  const hosts = new RecentHosts()
  hosts.remember(...inLine('www.example'))
  hosts.remember(...inLine('wax.example'))
  expect(hosts.find(...inLine('wax.example'))).toBe('wax.example')
  expect(hosts.find(...inLine('www.example'))).toBeNull()
})

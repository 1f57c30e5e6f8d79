import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startNginx } from '../support/nginx.ts'
import { findTool } from './tools.ts'

it('finds a program on PATH only when it can be run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clearcoat-tools-'))
  writeFileSync(join(folder, 'clearcoat-no-such-tool'), '#!/bin/sh\n')
  expect(findTool('clearcoat-no-such-tool', folder)).toBeNull()
  chmodSync(join(folder, 'clearcoat-no-such-tool'), 0o755)
  expect(findTool('clearcoat-no-such-tool', folder)).toBe(join(folder, 'clearcoat-no-such-tool'))
  rmSync(folder, { recursive: true })
})

it('starts a real nginx with its pages and stops it', async () => {
  const nginx = await startNginx({ pages: { 'private/me.html': 'mine' } })
  const page = await fetch(`${nginx.url}/`)
  expect([page.status, page.headers.get('server')?.split('/')[0], await page.text()]).toEqual([
    200,
    'nginx',
    expect.stringContaining('A page of nginx'),
  ])
  expect((await fetch(`${nginx.url}/private/me.html`)).headers.get('cache-control')).toBe('private')
  await expect.poll(() => nginx.requests()).toEqual(['GET / 200', 'GET /private/me.html 200'])
  await nginx.stop()
  await expect(fetch(nginx.url)).rejects.toThrow()
})

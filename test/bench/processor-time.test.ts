import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { ProcessorTime } from '../../bench/harness/processor-time.ts'

/** Works until the system has counted 150 ms for it, says who it is, and waits. */
const WORKER = `
for (let spent = 0; spent < 150_000; ) {
  const { user, system } = process.cpuUsage()
  spent = user + system
}
console.log(process.pid)
setInterval(() => {}, 1000)
`

const begun: number[] = []
afterEach(() => {
  for (const pid of begun.splice(0)) process.kill(pid, 'SIGKILL')
})

describe('the processor time of a program', () => {
  it('is that of all its processes, and keeps what one had that is gone', async () => {
    const shell = spawn('sh', ['-c', '"$0" -e "$1" & "$0" -e "$1" & wait', process.execPath, WORKER], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(shell, 'exit')
    const time = new ProcessorTime(shell.pid ?? 0)
    let text = ''
    shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    const workers = (): readonly number[] => Array.from(text.matchAll(/(\d+)\n/g), ([, pid]) => Number(pid))
    while (workers().length < 2) await once(shell.stdout, 'data')
    begun.push(...workers())
    const both = time.read()
    expect(both).toBeGreaterThan(290_000)
    for (const pid of begun.splice(0)) process.kill(pid, 'SIGKILL')
    await ended
    expect(time.read()).toBeGreaterThanOrEqual(both)
  })

  it('is none of a process that is not there', () => {
    expect(new ProcessorTime(2 ** 30).read()).toBe(0)
  })
})

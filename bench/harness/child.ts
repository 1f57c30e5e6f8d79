/** A node process of the benchmark: started on its core, asked over IPC, and ended with the benchmark. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onCore, type Role } from './pinning.ts'

export class Child {
  readonly #process: ChildProcess
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  /** Starts `script` (relative to `bench/`) and waits for its first message. */
  static async start(
    role: Role,
    script: string,
    args: readonly string[],
    flags: readonly string[] = [],
  ): Promise<{ child: Child; ready: unknown }> {
    const path = fileURLToPath(new URL(`../${script}`, import.meta.url))
    const [command = '', ...rest] = onCore(role, [process.execPath, ...flags, path, ...args])
    const spawned = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const child = new Child(spawned)
    return { child, ready: await child.#next() }
  }

  /** One question, one answer. */
  ask(question: unknown): Promise<unknown> {
    const answer = this.#queue.then(() => {
      this.#process.send(question as object)
      return this.#next()
    })
    this.#queue = answer.catch(() => undefined)
    return answer
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.disconnect()
    await gone
  }

  #next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`${this.#process.spawnargs.join(' ')} ended with ${code}`))
      this.#process.once('exit', onExit)
      this.#process.once('message', (message) => {
        this.#process.off('exit', onExit)
        resolve(message)
      })
    })
  }
}

/** Watches the files of a policy. Folders are watched, not files: editors and deployments replace a file rather than write into it. */
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Clock, Timer } from '../clock.ts'
import type { EventLog } from '../log.ts'

/** Changes within this many milliseconds are one. */
const QUIET = 100

/** Kubernetes swaps this link when it changes the files of a mounted volume. */
const SWAPPED_LINK = '..data'

export class PolicyWatch {
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #changed: () => void
  readonly #folders = new Map<string, { readonly watcher: FSWatcher; names: ReadonlySet<string> }>()
  #timer: Timer | null = null
  #loose = false
  #closed = false

  /** `changed` is called once for changes that come together. */
  constructor(clock: Clock, log: EventLog, changed: () => void) {
    this.#clock = clock
    this.#log = log
    this.#changed = changed
  }

  /** Watches exactly these files, given by absolute paths. */
  set(files: readonly string[]): void {
    if (this.#closed) return
    this.#loose = false
    const wanted = Map.groupBy(files, dirname)
    for (const [folder, { watcher }] of this.#folders)
      if (!wanted.has(folder)) {
        watcher.close()
        this.#folders.delete(folder)
      }
    for (const [folder, inside] of wanted) {
      const names = new Set(inside.map((file) => basename(file)))
      const known = this.#folders.get(folder)
      if (known !== undefined) known.names = names
      else this.#open(folder, names)
    }
  }

  /** Until the next `set` any file of the folders counts: a policy that cannot be loaded may want one that is not known yet. */
  loosen(): void {
    this.#loose = true
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  #open(folder: string, names: ReadonlySet<string>): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => this.#event(folder, name))
      watcher.on('error', (error) => this.#failed(folder, error))
      this.#folders.set(folder, { watcher, names })
    } catch (error) {
      this.#failed(folder, error)
    }
  }

  #failed(folder: string, error: unknown): void {
    this.#folders.get(folder)?.watcher.close()
    this.#folders.delete(folder)
    this.#log.warn({ event: 'policy', folder, err: error }, 'a folder of the policy cannot be watched')
  }

  #event(folder: string, name: string | null): void {
    const names = this.#folders.get(folder)?.names
    if (names === undefined || this.#closed) return
    if (name !== null && name !== SWAPPED_LINK && !this.#loose && !names.has(name)) return
    if (this.#timer === null) this.#timer = this.#clock.after(QUIET, () => this.#changed())
    else this.#timer.refresh()
  }
}

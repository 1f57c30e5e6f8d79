/** The signals of a running server: the first SIGTERM or SIGINT asks it to end, a second one ends it, SIGUSR2 reopens logs, SIGHUP reloads the policy. */

export interface SignalActions {
  /** A second signal came. Must end the process. */
  readonly now: () => void
  readonly reopen: () => void
  /** `null`: SIGHUP ends the process, as it does when a terminal is closed. */
  readonly reload: (() => void) | null
}

/** Resolves at the first signal to end. The handlers stay. */
export function untilSignal(actions: SignalActions): Promise<NodeJS.Signals> {
  process.on('SIGUSR2', actions.reopen)
  if (actions.reload !== null) process.on('SIGHUP', actions.reload)
  return new Promise((resolve) => {
    let asked = false
    const end = (signal: NodeJS.Signals): void => {
      if (asked) actions.now()
      asked = true
      resolve(signal)
    }
    process.on('SIGTERM', end)
    process.on('SIGINT', end)
  })
}

/** Waits for something observable, turn by turn of the event loop. */

/** Resolves when `condition` holds; rejects after 15 s, naming what was waited for. */
export async function until(condition: () => boolean, what: string = 'the condition'): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true within 15 s`)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

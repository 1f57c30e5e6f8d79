/** When requests are meant to arrive, whatever the server does: a Poisson process. */

/** Answers the times of the arrivals one after the other, in milliseconds from `start`; `rate` is per second. `random` is below 1. */
export function arrivals(rate: number, start: number, random: () => number): () => number {
  let at = start
  return () => {
    at += (-Math.log(1 - random()) * 1000) / rate
    return at
  }
}

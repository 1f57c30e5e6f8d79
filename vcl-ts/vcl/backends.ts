/** Backends by the names that a policy gives them. */
import { type BackendChoice, backendsOf, directorOf } from '../directors/director.ts'

type Backends = Readonly<Record<string, BackendChoice>>

/** The name of a backend or director; `''` for one that has none. `null` is the first. */
export function nameOf(choice: BackendChoice | null, backends: Backends): string {
  if (choice === null) return Object.keys(backends)[0] ?? ''
  const wanted = choice.type === 'director' ? directorOf(choice) : choice
  return Object.entries(backends).find(([, each]) => each === wanted)?.[0] ?? ''
}

/** The name of the backend that answered, by its URL as `beresp.backend` has it. */
export function backendName(url: string, backends: Backends): string {
  return Object.entries(backends).find(([, each]) => each.type === 'backend' && each.url === url)?.[0] ?? ''
}

/** The backend that answered; `null` where none did. */
export function backendAt(url: string, backends: Backends): BackendChoice | null {
  return (
    Object.values(backends)
      .flatMap(backendsOf)
      .find((each) => each.url === url) ?? null
  )
}

/** One of the backends by its name (`directors.lookup`). Throws a `TypeError` if there is none. */
export function backendNamed(name: string, backends: Backends): BackendChoice {
  const found = Object.hasOwn(backends, name) ? backends[name] : undefined
  if (found === undefined) throw new TypeError(`there is no backend ${JSON.stringify(name)}`)
  return found
}

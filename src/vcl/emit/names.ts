/** Names of VCL as names of JavaScript, each once. */

/** Words of the language, what every hook may take out of its context, and what a policy may import. */
const TAKEN: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if
implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof
undefined var void while with yield NaN Infinity Object String Number Math process console require module exports
client session now state req key purged obj resp bereq beresp objStale backends log healthy signal invalidate context decided
fail synth restart pass pipe hash purge lookup deliver fetch abandon error retry merge useFresh useStale hitForPass ok
State vcl policy HookContext ProbeOptions acl backend definePolicy front rateLimit withKey roundRobin random leastConnections fallback consistent sticky byName
env existsSync hostname readFileSync`.split(/\s+/),
)

export class Names {
  readonly #taken = new Set(TAKEN)
  readonly #given = new Map<string, string>()

  /** The name of something that was declared; `kind` (a word such as `backend`) is put behind what cannot be a name alone. */
  of(name: string, kind: string): string {
    const given = this.#given.get(name)
    if (given !== undefined) return given
    const plain = name.replace(/[^A-Za-z0-9_$]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '').replace(/^(?=\d)/, '_')
    const wanted = this.#taken.has(plain) ? `${plain}${kind[0]?.toUpperCase() ?? ''}${kind.slice(1)}` : plain
    const made = this.free(wanted)
    this.#given.set(name, made)
    return made
  }

  /** One that nothing has, like this one. */
  free(wanted: string): string {
    let name = wanted
    for (let count = 2; this.#taken.has(name); count++) name = `${wanted}${count}`
    this.#taken.add(name)
    return name
  }

  /** Whether something was declared under that name. */
  has(name: string): boolean {
    return this.#given.has(name)
  }

  /** Nothing that is declared may be called so. */
  reserve(name: string): void {
    this.#taken.add(name)
  }
}

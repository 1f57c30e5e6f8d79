/** A received field section: lines as they came, looked up without case, lines of one name joined with a comma and a space. */

export class Fields {
  readonly lines: ReadonlyArray<readonly [name: string, value: string]>
  readonly #joined = new Map<string, string>()

  /** @param raw names and values in turn, as Node's `rawHeaders`. */
  constructor(raw: readonly string[]) {
    const lines: Array<readonly [string, string]> = []
    for (let index = 0; index + 1 < raw.length; index += 2) {
      const name = raw[index] as string
      const value = raw[index + 1] as string
      lines.push([name, value])
      const key = name.toLowerCase()
      const earlier = this.#joined.get(key)
      this.#joined.set(key, earlier === undefined ? value : `${earlier}, ${value}`)
    }
    this.lines = lines
  }

  has(name: string): boolean {
    return this.#joined.has(name.toLowerCase())
  }

  get(name: string): string | null {
    return this.#joined.get(name.toLowerCase()) ?? null
  }

  /** The leading digits of a field as a number, NaN without. */
  integer(name: string): number {
    return Number.parseInt(this.get(name) ?? '', 10)
  }
}

/** Words that several helps share, and the form of examples. */

/** Stands under the options of the table. */
export const OPTION_NOTES: string = `Every option can also be given as a variable (--max-object as CLEARCOAT_MAX_OBJECT, ORIGIN as CLEARCOAT_ORIGIN) and
in clearcoat.config.ts (maxObject). A flag wins over a variable, that over the file. clearcoat config --origin shows who won.
Sizes: 512M, 2G. Times: seconds, or 500ms, 30s, 5m.
Exit codes: 0 ended as asked, 1 failure, 2 usage, 69 unavailable (such as a port in use), 78 bad configuration.`

/** Stands under the options of what asks a running server. */
export const CLIENT_NOTES: string = `The server is found at --admin, CLEARCOAT_ADMIN or the admin of clearcoat.config.ts.
Exit codes: 0 done, 1 the server refused it, 2 usage, 69 no server answers there, 78 bad configuration.`

const WIDEST = 56

export function exampleLines(examples: readonly (readonly [line: string, does: string])[]): string {
  const width = Math.max(...examples.map(([line]) => (line.length > WIDEST ? 0 : line.length)))
  return `Examples:\n${examples.map(([line, does]) => `  ${line.padEnd(width)}   ${does}`.trimEnd()).join('\n')}\n`
}

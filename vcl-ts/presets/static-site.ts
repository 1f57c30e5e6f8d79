/** Files: what a generator wrote, or a folder of a web server. */
import type { Bereq, Beresp } from '../context.ts'
import type { Policy } from '../policy.ts'
import { type PathPattern, pathTest } from './path-pattern.ts'
import { type PresetOptions, site } from './site.ts'

export interface StaticSiteOptions extends PresetOptions {
  /** Files that never change because their names do: kept for a year. Default: names with a hash, such as `app.3f9c2a1b.js`. */
  readonly immutable?: readonly PathPattern[]
}

/** Eight hexadecimal digits or more, figures and letters among them, at the end of the name: made of the content by a build. */
const HASHED = /[.\-_](?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\.(?:css|js|mjs|map|png|jpe?g|gif|webp|avif|svg|woff2?|ttf|otf|wasm)$/

/** `export default staticSite()`, also `presets.static`. All is the same for everybody: no cookie reaches the server. */
export function staticSite(options: StaticSiteOptions = {}): Policy {
  const immutable = pathTest(options.immutable ?? [HASHED])
  return site(
    {
      name: 'static',
      pass: [],
      personal: [],
      others: 'drop',
      ttl: '5m',
      grace: '1d',
      staleIfError: '7d',
      backendResponse: (bereq, beresp) => keepLong(immutable, bereq, beresp),
    },
    options,
    ['immutable'],
  )
}

function keepLong(immutable: (path: string) => boolean, { url }: Bereq, beresp: Beresp): void {
  const [path = ''] = url.split('?', 1)
  const { control } = beresp
  const silent = !control.explicit && !control.noStore && !control.noCache && !control.private
  if (beresp.status === 200 && silent && immutable(path)) beresp.ttl = '365d'
}

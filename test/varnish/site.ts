/** What the numbered behaviours of Varnish are tested with: a cache under the preset `varnish`, a scripted origin, a clock that moves when told to. */
import { it, onTestFinished } from 'vitest'
import { open as openSite, type Site, type SiteOptions } from '../journey/site.ts'
import { ByteOrigin, type ByteScript, type SeenRequest } from '../support/byte-origin.ts'
import type { OriginScript } from '../support/scripted-origin.ts'

/** A test of one behaviour, by its number in `surprises.ts`. */
export function behaviour(number: number, what: string, run: () => Promise<void>): void {
  it(`${number}: ${what}`, run)
}

export function open(script: OriginScript, options: SiteOptions = {}): Promise<Site> {
  return openSite(script, { preset: 'varnish', ...options })
}

/** The same in front of an origin that says exactly these bytes. */
export async function openBytes(
  answer: (request: SeenRequest) => string | Buffer | null,
  options: SiteOptions = {},
): Promise<{ site: Site; bytes: ByteOrigin }> {
  return over(await ByteOrigin.answering(answer), options)
}

/** The same in front of one whose every connection follows a script. */
export async function openScript(script: ByteScript, options: SiteOptions = {}): Promise<{ site: Site; bytes: ByteOrigin }> {
  return over(await ByteOrigin.start(script), options)
}

async function over(bytes: ByteOrigin, options: SiteOptions): Promise<{ site: Site; bytes: ByteOrigin }> {
  onTestFinished(() => bytes.close())
  return { site: await open(() => {}, { origin: bytes.url, ...options }), bytes }
}

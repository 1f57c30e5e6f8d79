/** The query of a URL, parameter by parameter. What stays keeps its bytes: nothing is decoded, and only `sort` moves anything. */
import { matchesName, type NamePattern } from './name-pattern.ts'

/** Each takes a URL and answers one. */
export interface Query {
  /** Parameters in the order of their names; those of one name stay in theirs. */
  readonly sort: (url: string) => string
  /** Drops all parameters but these. */
  readonly keep: (url: string, ...names: readonly NamePattern[]) => string
  /** Drops these parameters. */
  readonly drop: (url: string, ...names: readonly NamePattern[]) => string
  /** Drops what only scripts in the browser read: `TRACKING_PARAMETERS`. */
  readonly dropTracking: (url: string) => string
}

/**
 * Each answers a new URL: `req.url = query.sort(query.dropTracking(req.url))`. A name is what stands before the first `=`, compared as it is
 * written, without percent-decoding. A URL of which nothing is dropped comes back unchanged; with the last parameter its `?` goes.
 */
export const query: Query = Object.freeze({
  sort: (url: string) =>
    withParameters(url, (list) => list.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0))),
  keep: (url: string, ...names: readonly NamePattern[]) => retain(url, (name) => matchesName(name, names)),
  drop: (url: string, ...names: readonly NamePattern[]) => retain(url, (name) => !matchesName(name, names)),
  dropTracking: (url: string) => retain(url, (name) => !matchesName(name, TRACKING_PARAMETERS)),
})

/** Parameters that advertising and measurement add to links and that no server answers by. */
export const TRACKING_PARAMETERS: readonly NamePattern[] = Object.freeze([
  /^utm_/,
  /^(?:mtm|pk|piwik|matomo)_(?:campaign|cid|content|group|keyword|kwd|medium|placement|source)$/,
  ...`_ga _gl gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid fbclid igshid igsh msclkid ttclid twclid
li_fat_id yclid ysclid _openstat epik rdt_cid ScCid s_kwcid mc_cid mc_eid _hsenc _hsmi __hstc __hssc __hsfp hsCtaTracking mkt_tok
oly_anon_id oly_enc_id vero_id vero_conv wickedid`.split(/\s+/),
])

function retain(url: string, wanted: (name: string) => boolean): string {
  return withParameters(url, (list) => list.filter((parameter) => wanted(nameOf(parameter))))
}

function withParameters(url: string, change: (list: readonly string[]) => readonly string[]): string {
  const at = url.indexOf('?')
  if (at < 0 || at === url.length - 1) return url
  const before = url.slice(at + 1).split('&')
  const after = change(before)
  if (after.length === before.length && after.every((parameter, index) => parameter === before[index])) return url
  return after.length === 0 ? url.slice(0, at) : `${url.slice(0, at)}?${after.join('&')}`
}

function nameOf(parameter: string): string {
  const at = parameter.indexOf('=')
  return at < 0 ? parameter : parameter.slice(0, at)
}

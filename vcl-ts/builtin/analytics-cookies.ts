/**
 * Cookies that browsers' measurement scripts set and read for themselves. An origin does not answer by them, so a request
 * with no other cookie speaks for nobody. Only names that no server reads belong here; experiments and consent do not.
 */

const NAMES: ReadonlySet<string> = new Set(
  `_ga _gid _gat __utma __utmb __utmc __utmt __utmv __utmz __gads __gpi __eoi
_fbp _fbc _ttp _tt_enable_cookie _scid _pin_unauth _clck _clsk _uetsid _uetvid
__hstc __hssc __hssrc ajs_anonymous_id _rdt_uuid _parsely_visitor _parsely_session _chartbeat2`.split(/\s+/),
)

const PREFIXES: readonly string[] = [
  '_ga_',
  '_gat_',
  '_gac_',
  '_gcl_',
  '_dc_gtm_',
  '_pk_',
  '_hj',
  '_ym_',
  '_sp_id.',
  '_sp_ses.',
  'amp_',
  'AMCV_',
]

/** The line that was judged last: a step asks when a request comes, and the look-up once more. */
let judged = ''
let verdict = true

/** Whether every cookie of one Cookie line (RFC 6265 §4.2.1) is on the list. What is not `name=value` is not. */
export function isAnalyticsOnly(cookieLine: string): boolean {
  if (cookieLine !== judged) {
    verdict = judge(cookieLine)
    judged = cookieLine
  }
  return verdict
}

function judge(cookieLine: string): boolean {
  for (let from = 0; from < cookieLine.length; ) {
    const semicolon = cookieLine.indexOf(';', from)
    const end = semicolon < 0 ? cookieLine.length : semicolon
    while (from < end && isSpace(cookieLine.charCodeAt(from))) from++
    if (from < end) {
      const equals = cookieLine.indexOf('=', from)
      if (equals <= from || equals >= end || !isAnalyticsCookie(cookieLine.slice(from, equals).trimEnd())) return false
    }
    from = end + 1
  }
  return true
}

/** What `trim` takes of the characters that a field may hold. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0xa0
}

/** Whether a cookie of that name (case-sensitive) is on the list. */
export function isAnalyticsCookie(name: string): boolean {
  return NAMES.has(name) || PREFIXES.some((prefix) => name.length > prefix.length && name.startsWith(prefix))
}

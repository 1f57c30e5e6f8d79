/**
 * The 67 behaviours of Varnish that surprise who writes a cache, each with the file that tests it over sockets under the preset `varnish`, and
 * where this cache does otherwise, what decided so. `vcl-ts/README.md` shows the differences to users (`surprises.test.ts` compares).
 */
export type Group =
  | 'Cache decisions'
  | 'Coalescing'
  | 'Revalidation'
  | 'Conditions and ranges'
  | 'Vary and gzip'
  | 'Pages of fragments'
  | 'HTTP/1'
  | 'Bans, backends, policies'

export interface Difference {
  /** For users: what is different, in a sentence. */
  readonly here: string
  /** Documents of the design by their names; a page of the repository by its path. */
  readonly document: 'DECISIONS' | 'HARDENING' | 'INVALIDATION' | 'src/README.md' | 'vcl-ts/README.md'
  /** Row, number, or a text that stands on the page. */
  readonly where: string
}

export interface Surprise {
  readonly number: number
  /** What Varnish does. */
  readonly says: string
  readonly group: Group
  /** The file beside this one that tests it. */
  readonly file: string
  readonly preset: 'varnish'
  readonly differs: readonly Difference[]
}

type Row = readonly [number: number, says: string, ...differs: Difference[]]

const by = (document: Difference['document'], where: string, here: string): Difference => ({ here, document, where })

function rows(group: Group, file: string, ...all: readonly Row[]): readonly Surprise[] {
  return all.map(([number, says, ...differs]) => ({ number, says, group, file, preset: 'varnish', differs }))
}

export const SURPRISES: readonly Surprise[] = [
  ...rows(
    'Cache decisions',
    'cache-decisions.test.ts',
    [1, 'The hash hook runs for whatever recv answers: pass, pipe, purge and synth, too.'],
    [2, 'That private answers, cookies and credentials are not shared is policy: without the step they are.'],
    [3, 'What may not be shared is remembered as that for two minutes, or until an answer comes that may.'],
    [4, 'A hit-for-miss asks the origin without conditions, a hit-for-pass with those of the client.'],
    [
      5,
      'Redirects are kept only with a lifetime, some errors of the client for two minutes, those of the server never; a lifetime that the policy sets keeps all of them.',
      by(
        'src/README.md',
        'A background refresh that is answered 500, 502, 503 or 504 has failed',
        'A refresh in the background that is answered with a server’s error has failed, whatever lifetime the policy gives it: the object in grace stays.',
      ),
    ],
    [6, 'What has no lifetime does not take the place of something stale in grace, nor does an error page that was given none.'],
    [7, 'A lifetime is what is left of it behind Age, and may be negative while grace from stale-while-revalidate counts still.'],
    [8, 'stale-while-revalidate does not count for a status that is not kept.'],
    [9, 's-maxage comes before max-age wherever it stands, and a number that is none is 0.'],
    [
      10,
      'Weekdays, months and GMT in letters of another case make Expires unreadable, and the default lifetime counts.',
      by(
        'HARDENING',
        '162',
        'An `Expires` that is no date means that the answer is stale; Varnish gives it the default lifetime. The case of its letters does not matter.',
      ),
    ],
    [11, 'Age is never beyond the lifetime while an answer is fresh.'],
    [12, 'A lifetime begins with the head of the answer, not with the end of hooks or body.'],
    [13, 'A look-up is as of the beginning of its request: what expires while a hook waits is a hit.'],
    [14, 'With a grace of 0 the client waits for what is fresh.'],
    [15, 'What is only kept for confirmation is a miss, with its validators.'],
    [16, 'If the hit hook fails in grace, nobody is left waiting for the refresh.'],
  ),
  ...rows(
    'Coalescing',
    'coalescing.test.ts',
    [17, 'Whether a request waits is told by the variant that the answer will probably have.'],
    [18, 'Who waited gets what he waited for, expired or not: one fetch, many answers.'],
    [19, 'If it may not be shared, all who waited go on at once.'],
    [
      20,
      'If the fetch brings nothing, one who waited fetches; a page of the error hook is for all who waited, and for nobody after them.',
      by(
        'src/README.md',
        'A first failed fetch promotes one waiter',
        'Who waited for a fetch that failed sees one more try before he gets the page that `backendError` made. After a second failure, or when the origin took all of its time, all who wait get it at once.',
      ),
    ],
    [21, 'Who waited reads from the head on, however slow the first client is.'],
    [22, 'Who insists on a new copy waits for nobody’s.'],
    [23, 'Fragments wait as other requests do, and their page does not hang.'],
  ),
  ...rows(
    'Revalidation',
    'revalidation.test.ts',
    [24, 'A Last-Modified less than a second older than Date is not sent to the origin; an ETag is.'],
    [
      25,
      'A 304 replaces fields by name, but not those about the body; the answer is a 200 again, and the response hook sees it whole.',
      by(
        'DECISIONS',
        '304 merge',
        'A 304 changes neither `Content-Type` nor `Content-Range` of what is stored, nor does its `Set-Cookie` become part of it.',
      ),
    ],
    [26, 'A 304 that nobody asked for is a 503, and nothing but a 200 is ever confirmed.'],
    [27, 'What was purged is not asked about, and no 304 that was under way brings it back.'],
    [28, 'What is still arriving, and may break off, is not confirmed by a 304.'],
    [29, 'A soft purge that restarts asks with conditions and answers with what was renewed, and none lengthens a life.'],
  ),
  ...rows(
    'Conditions and ranges',
    'conditionals-ranges.test.ts',
    [30, 'If-None-Match decides alone, compared weakly, and strongly where Range is there.'],
    [
      31,
      'A Range that is written oddly is refused like one behind the end: 416, without a body.',
      by('DECISIONS', 'ranges per request', 'Several ranges in one request are answered in parts; Varnish refuses them.'),
      by('HARDENING', '159', 'A `Range` of bytes that names none is ignored.'),
    ],
    [32, 'While the length is not known, a range with two ends is begun, and any other gets the whole.'],
    [33, 'Ranges are served of what was made here and of what was decompressed; of nothing there are none.'],
    [34, 'A 304 has no length, a HEAD has one, and no body is awaited behind a 304 that is passed.'],
  ),
  ...rows(
    'Vary and gzip',
    'vary-gzip.test.ts',
    [35, 'A field that is empty is another variant than one that is absent.'],
    [
      36,
      'Vary: Accept-Encoding makes no variants: one gzip copy serves all, and only what is compressed says that it varies.',
      by(
        'src/README.md',
        'Compression is off by default, and a matter of the answer, not of the preset',
        'Compression is off unless `--compress` or the policy turns it on: without it the origin decides what is coded, and `Vary: Accept-Encoding` makes variants.',
      ),
    ],
    [37, 'What is compressed or decompressed here has a weak ETag.'],
    [
      38,
      'Every gzip body is tried, and a damaged one is a failed fetch.',
      by(
        'HARDENING',
        '328',
        'Compressed bodies are not tried out when they arrive: a damaged one goes on as it is to whoever takes the coding, and breaks off for whoever needs it decoded.',
      ),
    ],
    [39, 'A 206 of the origin is left as it is.'],
  ),
  ...rows(
    'Pages of fragments',
    'esi.test.ts',
    [40, 'What does not begin with < is no page of fragments.'],
    [41, 'An include is a GET without body, conditions and Range, and begins at recv.'],
    [
      42,
      'A fragment that fails is not seen in the page, unless a switch says that it breaks it off.',
      by(
        'src/README.md',
        'An include that fails breaks the page off unless `onerror="continue"`',
        'A fragment that fails breaks its page off where the client sees it, unless the include has `onerror="continue"`; Varnish includes whatever came.',
      ),
    ],
    [
      43,
      'A page goes to HTTP/1.0 until the connection ends, and gzip parts are put together as one gzip stream.',
      by(
        'vcl-ts/README.md',
        'A page that comes compressed is stored plain',
        'Pages of fragments are stored and sent plain, whatever codings page and fragments came in.',
      ),
    ],
    [
      44,
      'Entities in an address are decoded, relative ones follow the page, and https is left out.',
      by(
        'src/README.md',
        'Relative includes are resolved against the URL that the client sent',
        'Relative includes follow the URL that the client sent, not what `recv` made of it; other hosts and schemes than the page’s are left out unless the policy names the host.',
      ),
    ],
  ),
  ...rows(
    'HTTP/1',
    'http1.test.ts',
    [
      45,
      'What could be read in two ways (two Hosts or lengths, both framings, such fields in Connection, odd lines) is refused.',
      by('DECISIONS', 'Connection-nominated fields', '`Connection: Age` is ignored; Varnish refuses the request.'),
    ],
    [
      46,
      'One line that is too long is 400, a head that is too large ends the connection without a word.',
      by('HARDENING', '187', 'A line that is too long and a head that is too large are both answered 431.'),
    ],
    [
      47,
      'Empty lines before a request are skipped, a bare line feed ends a line, folded lines are joined.',
      by(
        'DECISIONS',
        'bare LF, folded lines',
        'Bare line feeds and folded lines are refused, from clients with 400 and from origins as a failed fetch.',
      ),
      by('HARDENING', '18', 'One empty line before a request is skipped, not more.'),
    ],
    [48, 'A chunk without a proper size, or with anything but CRLF behind it, is an error.'],
    [49, 'A body that nobody read is drained and never taken for a request.'],
    [
      50,
      'Fields that Connection names are gone, both ways, before a hook sees them.',
      by(
        'DECISIONS',
        'Connection-nominated fields',
        'Fields that decide who may share an answer, or who asked for it, stay although `Connection` names them: credentials and cookies, `Cache-Control`, `Vary`, `Age`, `ETag`, dates, forwarding fields.',
      ),
    ],
    [
      51,
      'A connection to an HTTP/1.0 origin is used once unless it is kept alive; a POST of HTTP/1.0 without length is 400.',
      by('DECISIONS', 'request body framing', 'A POST or PUT of HTTP/1.0 without a length is answered 411.'),
    ],
    [
      52,
      'An origin whose head cannot be read, that sends a body behind a 204 or codings that nobody knows, is a 503.',
      by('HARDENING', '82', 'What an origin sends behind a 204 is thrown away with its connection, and the client gets the 204.'),
    ],
    [
      53,
      'A connection that was used before and dies before a byte costs one silent try, if the body can be sent again.',
      by('HARDENING', '71', 'A request that may have had an effect (POST) is not sent again by itself, although its body is at hand.'),
      by(
        'src/README.md',
        'A connection that is lost before anything was delivered costs an idempotent request one more try',
        'Any other request is tried again within a budget, on new connections as well, where nothing stale can be served.',
      ),
    ],
    [
      54,
      'X-Forwarded-For and Via are there before the first hook, once, and lines that came are joined.',
      by(
        'HARDENING',
        '132',
        '`X-Forwarded-For` and its kin are believed and continued only from peers that `--trust` names; from anybody else they are begun anew.',
      ),
    ],
    [55, 'Lines of Cache-Control are one before the policy sees them, of requests as well.'],
    [56, 'An origin that dies within a body is a 503, or a connection that is cut; never a shorter answer.'],
    [
      57,
      'A POST without a body says so to the origin, a GET says nothing, and bodies of GETs are dropped by policy.',
      by('HARDENING', '133', 'A GET with a body is passed with it, and its answer is not stored; Varnish drops the body.'),
    ],
    [58, '100 Continue comes when the policy wants the body, so that a refusal needs none; any other expectation is 417.'],
    [59, 'Connection: close closes when a hook sets it, and the connection to the origin, too.'],
    [60, 'now stands still as long as a hook runs.'],
  ),
  ...rows(
    'Bans, backends, policies',
    'bans-backends.test.ts',
    [61, 'A ban takes nothing that is newer, and no pattern matches a field that is absent.'],
    [
      62,
      'Bans about objects are carried out in the background, those about requests only when a request comes.',
      by(
        'INVALIDATION',
        'request fields',
        'Bans about requests are judged by what was stored of the request that fetched, so that every ban ends by itself; one that would have to wait for requests is refused.',
      ),
    ],
    [63, 'A purge takes all variants, and can restart so that the page is fetched again.'],
    [
      64,
      'One request more than a backend may have is 503 at once and counted; in a queue it waits, until the backend is sick.',
      by('HARDENING', '198', 'Backends have a queue by default, of bounded length and patience; `waitLimit: 0` does without.'),
    ],
    [
      65,
      'A backend with a probe is sick until the first good one, unless it begins with more.',
      by(
        'src/README.md',
        'Several servers of the command line are healthy until probes say otherwise',
        'Servers that the command line names are healthy until probes say otherwise; those of a policy are sick until the first good probe, as in Varnish.',
      ),
    ],
    [66, 'A change of policies ends old probes, keeps the cache, lets old requests end with the old code, and begins again on use.'],
    [67, 'The health of a backend is set by its whole name.'],
  ),
]

/** The reference of the admin listener, made of its tables: commands, parameters, routes. */
import { z } from 'zod'
import { COMMANDS, VARNISH_ONLY } from '../../src/admin/commands.ts'
import type { Route } from '../../src/admin/route.ts'
import { ROUTES } from '../../src/admin/routes.ts'
import { formatParam, PARAMETERS } from '../../src/config/params.ts'
import { TAG_NAMES, TAGS } from '../../src/vsl/tags.ts'

export const ADMIN_PAGE: URL = new URL('../../src/admin/README.md', import.meta.url)

export function adminPage(): string {
  return `# The admin listener

Made from the source by \`npm run reference\`; a test compares it. It operates a running server: \`--admin 127.0.0.1:6082\` (the default), \`unix:/path\`,
or \`off\`. \`clearcoat adm\`, \`purge\`, \`ban\`, \`ls\` and their kin speak to it, and so can \`curl\`:

\`\`\`sh
curl -s http://127.0.0.1:6082/stat
curl -s http://127.0.0.1:6082/command -H 'Content-Type: text/plain' -d 'param.set default_ttl 10s'
curl -s http://127.0.0.1:6082/api/purge -H 'Content-Type: application/json' -d '{"tags":["shop"],"soft":true}'
\`\`\`

## Who

Without a token whoever reaches the listener may use it, so it must be on loopback or a Unix socket; the socket is its owner's. \`--admin-token\` (better:
\`CLEARCOAT_ADMIN_TOKEN_FILE\`) allows any address, and then everything but \`GET /healthz\`, \`/livez\` and \`/readyz\` needs \`Authorization: Bearer TOKEN\`. On loopback the request has
to name this machine in \`Host\` (else 421), with or without a token. What comes from a web page, by \`Origin\` or \`Sec-Fetch-Site\`, needs the token (else 403);
there is no CORS. Connections are not encrypted: where others can listen, put a tunnel before it.

Bodies are at most 64 KiB of JSON with its Content-Type, for \`/command\` of text. Every error is \`application/problem+json\` (RFC 9457): \`type\`, \`title\`,
\`status\`, \`detail\`, and \`how\` to mend it. Lists are made in slices of a few milliseconds, so that traffic never waits for an operator.

## JSON API

\`GET /openapi.json\` describes it for programs.

| request | what it does | takes | answers |
| --- | --- | --- | --- |
${ROUTES.map(routeRow).join('\n')}

A purge names one of \`url\`, \`tags\`, \`prefix\`, \`host\` and \`all\`. A URL is \`http://host/path\`, byte for byte as clients send it, or a path with \`host\`; it takes every
variant, of both schemes. \`refresh\` fetches anew what went, with plain GETs, eight at a time and 1,000 at most; pages with \`Vary\` and those whose key a
policy made are left to their next visitor and counted as \`refreshSkipped\`.

In a fleet a purge or ban is answered when it is in the log that all nodes follow, and in force here: \`"fleet":{"state":"told"}\`. While Redis cannot be reached it is
in force here at once and told to the others later: \`queued\`. With \`"wait":true\` (or a number of seconds) the answer comes when every node that lives has
applied it, and says so by node: \`"fleet":{"state":"told","nodes":[{"node":"…","name":"cache-1","objects":3}],"missing":["cache-2"]}\`. \`GET /nodes\` tells how far each is.

\`GET /livez\` and \`GET /readyz\` are for orchestrators. A node without Redis is ready, with the reason in \`degraded\`, as in \`GET /api/status\` and behind the command
\`status\`; one that drains, or whose backends are all sick while nothing is stored, answers 503.

Backends are named \`policy.backend\`; \`boot.default\` is the origin of the command line. Policies that name the same server share its connections,
counters and health, so a reload does not forget that one was marked sick. \`sick\`: nothing is asked of it, fetches fail at once with 503, and stale
objects answer as for a server that is down. \`healthy\`: it is asked whatever its probe finds. \`auto\`: as its probe finds it, healthy without one. \`probe\` shows
the window (\`H\` good, \`-\` bad or not made yet, newest last) and what came of the last one; \`ejected\` says how many directors leave it out for what it
answered, those of each worker counted. A member that a policy does not name is called after its director: \`shop.pool.1\`.

## The transaction log

\`clearcoat log\` and \`GET /log\` tell what the server does, in the words of varnishlog(1): each connection, request, restart, fragment, fetch and retry is a
transaction with an id (XID), and names in \`Link\` those that it began. What begins while somebody listens is recorded, of all workers, and told when it has
ended; while nobody listens nothing is recorded, and nothing is paid for it.

\`\`\`sh
clearcoat log -g request -q 'RespStatus >= 500'
curl -sN 'http://127.0.0.1:6082/log?group=request&query=BerespStatus%20>=%20500'
\`\`\`

Each line of \`GET /log\` is a group: \`{"transactions":[{"level":1,"type":"req","vxid":1001,"parent":1000,"reason":"rxreq","records":[["Begin","req 1000 rxreq"],…]}]}\`.
\`group\` says what comes together: \`vxid\` (the default) each transaction, \`request\` a client's request with all that came of it, \`session\` a connection with all its
requests, \`raw\` each transaction and the records of none (CLI, Backend_health). A group waits for all its transactions, two minutes and 16 MiB at most; then it comes
as it is, \`"incomplete":true\`. A reader that is more than 1 MiB behind loses whole groups, and is told how many: \`{"lost":12}\`.

A query (vsl-query(7)) is of tests \`{level}tags:prefix[field] operator operand\`, joined by \`and\`, \`or\`, \`not\` and parentheses. It is asked of each group, and a test holds if it
does for any record there.

| part | what it is |
| --- | --- |
| tags | one or several, separated by commas, in any case, with \`*\` at either end: \`RespStatus\`, \`Req*\`, \`BerespStatus,RespStatus\`; alone: there is such a record |
| {level} | of transactions of that level, \`{2+}\` or below it, \`{2-}\` or above it; 1 is the first of a group |
| :prefix | what stands before the colon in the text: \`ReqHeader:host\`, \`Timestamp:Resp\`, \`VCL_Log:key\`; quoted if it holds blanks |
| [field] | one word of the text behind the prefix, from 1; else all of it |
| \`== != < <= > >=\` | compare numbers; what is no number never holds |
| \`eq ne\` | compare texts |
| \`~ !~\` | search for a pattern, as bans do: what could take long is refused |
| vxid | in place of tags: \`vxid == 1001\` |
| operand | in single or double quotes if it holds blanks, parentheses or operators |

Texts are printable ASCII, at most 4 KiB: other bytes are \`\\xHH\`. Values of cookies, of Authorization, of fields called after a token, secret, password or key, and of such
parameters in URLs are \`***\`. The tags:

| tag | text |
| --- | --- |
${TAG_NAMES.map((tag) => `| \`${tag}\` | ${TAGS[tag]} |`).join('\n')}

Under the preset \`varnish\` answers carry the id as \`X-Varnish\`, on a hit with that of the fetch that stored the object. Everywhere it is the last part of
\`req.id\`, of the id on error pages and in the access log. \`debug.xid 1000\` makes the next connection 1000, its first request 1001, the fetch for it 1002. With several
workers each takes 32,768 ids at a time.

## Commands

\`POST /command\` takes one line in varnishadm's words and answers \`{"status":200,"text":"…"}\`. The status is that of Varnish's CLI: 200 done, 100 syntax,
101 unknown, 102 not here, 104 and 105 too few and too many parameters, 106 bad parameter, 300 cannot. Words stand between blanks; double quotes hold
blanks together, with \`\\"\`, \`\\\\\`, \`\\n\`, \`\\t\`, \`\\xHH\` and \`\\OOO\` inside. Outside quotes a backslash that begins no such escape is itself, as patterns need it.

| command | what it does |
| --- | --- |
${COMMANDS.map(({ syntax, alias, prose }) => `| \`${escaped(syntax)}\` | ${prose}${alias === null ? '' : ` Also \`${alias}\`.`} |`).join('\n')}

Of Varnish's commands these answer 102: ${Array.from(VARNISH_ONLY, ([name, why]) => `\`${name}\` (${why})`).join('; ')}.

## Parameters

Set with \`param.set\`, \`PUT /api/params/NAME\`, or \`--param NAME=VALUE\` at the start, where they come before the options for the same. A change holds for what
begins after it and ends with the process. Plain numbers are seconds and bytes; \`10s\`, \`500ms\`, \`2h\` and \`32k\`, \`1M\` work. \`param.reset\` goes to the default of the
preset, whatever the start said.

| parameter | default | from | to | unit | meaning |
| --- | --- | --- | --- | --- | --- |
${PARAMETERS.map((each) => `| \`${each.name}\` | ${defaults(each)} | ${formatParam(each.unit, each.min)} | ${formatParam(each.unit, each.max)} | ${each.unit} | ${each.prose} |`).join('\n')}
`
}

function defaults({ unit, defaultOf }: (typeof PARAMETERS)[number]): string {
  const [safe, varnish] = [defaultOf('safe'), defaultOf('varnish')].map((value) => formatParam(unit, value))
  return safe === varnish ? `${safe}` : `${safe}; \`varnish\`: ${varnish}`
}

function routeRow({ method, path, summary, body, query, answer }: Route): string {
  const takes =
    body === 'text'
      ? 'text'
      : [...fields(body, 'input'), ...fields(query, 'input').map((name) => `?${name.replace(/\?$/, '')}`)]
          .map((name) => `\`${name}\``)
          .join(' ')
  return `| \`${method} ${path}\` | ${summary} | ${takes} | ${fields(answer, 'output')
    .map((name) => `\`${name}\``)
    .join(' ')} |`
}

function fields(schema: Route['body'], io: 'input' | 'output'): string[] {
  if (schema === null || schema === 'text') return []
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io }) as { properties?: object; required?: readonly string[] }
  return Object.keys(properties).map((name) => (io === 'output' || required.includes(name) ? name : `${name}?`))
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|')
}

/**
 * The one page that this cache writes itself: status, cause and request id, escaped, never stored. It tells no version, no
 * stack and no address, so that nothing about the inside shows.
 */
import type { HeaderPairs } from '../headers.ts'
import { REASONS, type Reason } from '../reason.ts'

export interface ErrorPageInput {
  readonly status: number
  readonly reason: string
  /** Why; `null`: not told. */
  readonly cause: Reason | null
  /** What went wrong, in words; `''`: what `cause` means. */
  readonly detail?: string
  /** Transaction id, for whoever reads the log. */
  readonly id: string
  /** The client's Accept; text instead of HTML when it names `text/plain` and not `text/html`. */
  readonly accept?: string | undefined
}

export interface ErrorPage {
  readonly headers: HeaderPairs
  readonly body: string
}

export function errorPage(input: ErrorPageInput): ErrorPage {
  const plain = wantsPlainText(input.accept)
  return {
    headers: [
      ['Content-Type', plain ? 'text/plain; charset=utf-8' : 'text/html; charset=utf-8'],
      ['Cache-Control', 'no-store'],
      ['X-Content-Type-Options', 'nosniff'],
    ],
    body: plain ? text(input) : html(input),
  }
}

/** Text with the five characters replaced that mean something in HTML, and control characters made visible as U+FFFD. */
export function escapeHtml(value: string): string {
  return value.replace(/[&<>"'\x00-\x08\x0b-\x1f\x7f]/g, (character) => ENTITIES[character] ?? '\ufffd')
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function wantsPlainText(accept: string | undefined): boolean {
  if (accept === undefined) return false
  const wanted = accept.toLowerCase()
  return wanted.includes('text/plain') && !wanted.includes('text/html')
}

function html({ status, reason, cause, detail, id }: ErrorPageInput): string {
  const title = escapeHtml(`${status} ${reason}`.trimEnd())
  const why = cause === null ? '' : `<p>${escapeHtml(detail || REASONS[cause])} (<code>${cause}</code>)</p>\n`
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title></head>
<body>
<h1>${title}</h1>
${why}<p>Request <code>${escapeHtml(id)}</code></p>
</body>
</html>
`
}

function text({ status, reason, cause, detail, id }: ErrorPageInput): string {
  const why = cause === null ? '' : `${detail || REASONS[cause]} (${cause})\n`
  return `${`${status} ${reason}`.trimEnd()}\n${why}Request ${id}\n`
}

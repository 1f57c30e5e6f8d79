/** HTML made of a template whose values are escaped. */
import { escapeHtml } from './builtin/error-page.ts'

/** Text that is HTML already. */
export interface Html {
  readonly type: 'html'
  readonly text: string
}

/** What may stand in a template: text and numbers are escaped, HTML is not, lists are joined, nothing is nothing. */
export type HtmlValue = string | number | Html | null | undefined | false | readonly HtmlValue[]

/** `` html`<p>Hello, ${name}</p>` ``: escapes what is put in, between tags and in attributes in quotes. Not for what stands in scripts or styles. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return rawHtml(parts.reduce((text, part, index) => text + escaped(values[index - 1]) + part))
}

/** Takes a text for HTML as it is: for a template that the policy reads from a file, never for what a client sent. */
export function rawHtml(text: string): Html {
  return Object.freeze({ type: 'html', text })
}

function escaped(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  return 'text' in value ? value.text : value.map(escaped).join('')
}

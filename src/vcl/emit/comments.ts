/** Comments of VCL as those of TypeScript. */
import type { Annotated, Comment } from '../ast.ts'

/** The lines of comments that stand by themselves; an empty line where there was one. */
export function commentLines(comments: readonly Comment[]): string[] {
  return comments.flatMap((comment, index) => [...(comment.blankBefore && index > 0 ? [''] : []), ...linesOf(comment)])
}

/** What stood in the midst of something stands before it. */
export function leadingLines({ leading, inner }: Pick<Annotated, 'leading' | 'inner'>): string[] {
  return commentLines([...leading, ...inner])
}

/** ` // …` behind a line, or nothing. */
export function trailingText({ trailing }: Pick<Annotated, 'trailing'>): string {
  const words = trailing.map(({ text }) => text.replace(/\s*\n\s*\**\s*/g, ' ').trim()).filter((text) => text !== '')
  return words.length === 0 ? '' : ` // ${words.join(' ')}`
}

function linesOf({ style, text }: Comment): string[] {
  if (style !== '/*') return [`//${spaced(text.replace(/^[#/]+(?=\s|$)/, ''))}`]
  if (!text.includes('\n')) return [`/*${text.replaceAll('*/', '* /')}*/`]
  const lines = text.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
  while (lines.length > 0 && lines[0] === '') lines.shift()
  while (lines.length > 0 && lines.at(-1) === '') lines.pop()
  return lines.map((line) => `//${spaced(line)}`)
}

function spaced(text: string): string {
  const end = text.trimEnd()
  return end === '' || /^[\s#/*=-]/.test(end) ? end : ` ${end}`
}

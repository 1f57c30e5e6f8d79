import { describe, expect, it } from 'vitest'
import { type Problem, problemJson, renderProblem } from '../../src/vcl/problem.ts'

function problem(text: string, what: string, hint: string | null = null): Problem {
  const start = text.indexOf(what)
  const before = text.slice(0, start).split('\n')
  const span = {
    file: { name: 'a.vcl', text },
    start,
    end: start + what.length,
    line: before.length,
    column: (before.at(-1) ?? '').length + 1,
  }
  return { kind: 'illegal', span, reason: 'it is wrong', hint }
}

describe('a problem', () => {
  it('is shown with its line, a caret below what is meant, and how to mend it', () => {
    expect(renderProblem(problem('vcl 4.1;\nsub x { set req.ulr = "/"; }\n', 'req.ulr', 'did you mean req.url?'))).toBe(
      ['a.vcl:2:13: illegal: it is wrong', '    sub x { set req.ulr = "/"; }', '                ^^^^^^^', '  did you mean req.url?'].join(
        '\n',
      ),
    )
  })

  it('stands below what is meant behind tabs, too', () => {
    expect(renderProblem(problem('\t\tset\tx;\r\n', 'x')).split('\n').slice(1)).toEqual(['    \t\tset\tx;', '    \t\t   \t^'])
  })

  it('marks the rest of the line where it goes on, and a place where it is empty', () => {
    expect(renderProblem(problem('a {"b\nc"}', '{"b\nc"}')).split('\n').slice(1)).toEqual(['    a {"b', '      ^^^'])
    const empty = problem('ab', 'b')
    const at = { ...empty, span: { ...empty.span, start: 2, end: 2, column: 3 } }
    expect(renderProblem(at).split('\n').slice(1)).toEqual(['    ab', '      ^'])
  })

  it('shows a piece of a long line', () => {
    const [, line = '', caret = ''] = renderProblem(problem(`${'a'.repeat(5000)}X${'b'.repeat(5000)}`, 'X')).split('\n')
    expect(line.length).toBeLessThan(200)
    expect(line[caret.indexOf('^')]).toBe('X')
  })

  it('does not send control characters to a terminal', () => {
    expect(renderProblem(problem('set \x1b[31mx', 'x'))).not.toContain('\x1b')
  })

  it('is data, too', () => {
    expect(problemJson(problem('\nset req.ulr;', 'req.ulr', 'mend it'))).toEqual({
      kind: 'illegal',
      file: 'a.vcl',
      line: 2,
      column: 5,
      length: 7,
      reason: 'it is wrong',
      hint: 'mend it',
      source: 'set req.ulr;',
    })
  })
})

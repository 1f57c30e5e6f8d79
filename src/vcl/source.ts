/** Where something stands in the text that was read. */

/** One file of VCL. */
export interface SourceFile {
  /** As problems show it. */
  readonly name: string
  readonly text: string
}

/** A stretch of one file, from `start` up to and without `end`, counted in UTF-16 units. */
export interface Span {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
  /** Of `start`, from 1. */
  readonly line: number
  /** Of `start`, from 1, in UTF-16 units: a tab counts as one. */
  readonly column: number
}

/** From the beginning of one to the end of the other. In different files it is the first alone. */
export function through(from: Span, to: Span): Span {
  return from.file === to.file && to.end > from.end ? { ...from, end: to.end } : from
}

/** What the author wrote there. */
export function textOf({ file, start, end }: Span): string {
  return file.text.slice(start, end)
}

/** What a subcommand is: a row with its words for the help, its operands and options, and what it does. */
import type { OptionRow } from '../config/options.ts'
import type { OptionTexts } from '../config/resolve.ts'
import type { ExitCode } from './complaint.ts'
import type { Surroundings } from './surroundings.ts'

export interface CommandRow {
  readonly name: string
  /** For the list of commands. */
  readonly summary: string
  /** For the command's own help. */
  readonly description: string
  readonly examples: readonly (readonly [line: string, does: string])[]
  readonly operands?: readonly Operand[]
  /** Options of the table. */
  readonly rows?: readonly OptionRow<unknown>[]
  /** Options of this command alone. */
  readonly own?: readonly OwnOption[]
  /** The end of the help. */
  readonly notes?: string
  readonly run: (given: Given) => Promise<ExitCode>
}

export interface Operand {
  /** `URL`, or `NAME...` for any number of them. None has to be given as far as the parser goes. */
  readonly placeholder: string
  readonly prose: string
}

export interface OwnOption {
  /** Without the dashes. */
  readonly flag: string
  /** One letter. */
  readonly short?: string
  /** Absent: a switch. */
  readonly placeholder?: string
  readonly repeatable?: boolean
  readonly prose: string
}

/** A command line as it was understood. */
export interface Given {
  readonly operands: readonly string[]
  /** The texts given with one of the command's own options, none if it was not given. */
  readonly texts: (flag: string) => readonly string[]
  /** Whether one of its own options was given. */
  readonly has: (flag: string) => boolean
  /** What flags and variables say about the options of the table. */
  readonly options: Pick<OptionTexts, 'flags' | 'env'>
  readonly around: Surroundings
}

export const JSON_OPTION: OwnOption = { flag: 'json', prose: 'print JSON' }

/** An option of the table among others whose values are of other types. */
export function tableRow<T>(row: OptionRow<T>): OptionRow<unknown> {
  return row as unknown as OptionRow<unknown>
}

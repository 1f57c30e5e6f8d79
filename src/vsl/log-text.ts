/** The transaction log as varnishlog prints it: a title for each transaction, a line for each record, indented by level. */
import type { Tag } from './tags.ts'
import type { Leveled, TransactionType } from './transaction.ts'

const TITLES: Readonly<Record<TransactionType, string>> = {
  sess: '<< Session  >>',
  req: '<< Request  >>',
  bereq: '<< BeReq    >>',
  raw: '<< Record   >>',
}

/** Columns of tag and title. */
const TAG_WIDTH = 14
/** From which level on it is written as a number. */
const DEEP = 4

/** With its line ends, and an empty line behind it unless it is raw. `shows`: which tags; without any nothing is printed. */
export function groupText(transactions: readonly Leveled[], shows: (tag: Tag) => boolean = () => true): string {
  const text = transactions.map((transaction) => transactionText(transaction, shows)).join('')
  return text === '' || transactions[0]?.level === 0 ? text : `${text}\n`
}

function transactionText({ type, vxid, level, records }: Leveled, shows: (tag: Tag) => boolean): string {
  const lines = records.filter(([tag]) => shows(tag))
  if (lines.length === 0) return ''
  // Raw records stand for themselves.
  if (level === 0) return lines.map(([tag, text]) => `${String(vxid).padStart(10)} ${line(tag, `${sideOf(type)} ${text}`)}`).join('')
  const title = `${mark('*', level)}${TITLES[type].padEnd(TAG_WIDTH)} ${vxid}\n`
  return `${title}${lines.map(([tag, text]) => `${mark('-', level)}${line(tag, text)}`).join('')}`
}

function line(tag: Tag, text: string): string {
  return `${`${tag.padEnd(TAG_WIDTH)} ${text}`.trimEnd()}\n`
}

function mark(sign: '*' | '-', level: number): string {
  return level < DEEP ? `${sign.repeat(level).padEnd(3)} ` : `${sign}${level}${sign} `
}

function sideOf(type: TransactionType): 'c' | 'b' | '-' {
  return type === 'raw' ? '-' : type === 'bereq' ? 'b' : 'c'
}

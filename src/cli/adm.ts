/** `clearcoat adm LINE`: a line in varnishadm's words. */
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, JSON_OPTION } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'

const OK = 200

export const ADM: CommandRow = {
  name: 'adm',
  summary: 'send a line in varnishadm’s words',
  description:
    'Sends one line to the running server and prints its answer. Ends with 1, and the status on standard error, unless that is 200.',
  examples: [
    ['clearcoat adm help', 'what there is'],
    ['clearcoat adm param.set default_ttl 10s', ''],
    [`clearcoat adm 'ban obj.http.x-page == "home"'`, 'one operand is the line as it is'],
    ['clearcoat adm policy.load new /etc/clearcoat/shop.ts', 'a file of the server’s machine; then adm policy.use new'],
  ],
  operands: [{ placeholder: 'LINE...', prose: 'the command and its arguments' }],
  rows: CLIENT_ROWS,
  own: [JSON_OPTION],
  notes: CLIENT_NOTES,
  run: async (given) => {
    const { operands, around } = given
    const line = lineOf(operands)
    if (line.trim() === '')
      throw new CommandError(EXIT.usage, { what: 'there is nothing to send', why: 'no line is given', how: 'see clearcoat adm help' })
    const answer = await (await AdminClient.of(given)).command(line)
    const text = answer.text === '' || answer.text.endsWith('\n') ? answer.text : `${answer.text}\n`
    if (given.has('json')) around.stdout(`${JSON.stringify(answer)}\n`)
    else if (answer.status === OK) around.stdout(text)
    else around.stderr(`${answer.status}\n${text}`)
    return answer.status === OK ? EXIT.ok : EXIT.failure
  },
}

/** Several operands were words of a shell: those with blanks or quotes in them are quoted as Varnish's CLI reads it. */
function lineOf(operands: readonly string[]): string {
  const [only = ''] = operands
  if (operands.length < 2) return only
  return operands.map((word) => (/^[^\s"\\]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`)).join(' ')
}

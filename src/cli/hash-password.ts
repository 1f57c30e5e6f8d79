/** `clearcoat hash-password`: what `basicAuth` takes in place of a password. */
import { hashPassword } from '../policy/services/scrypt.ts'
import type { CommandRow } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'

/** Characters that `basicAuth` takes of name and password together. */
const LONGEST = 1024

export const HASH_PASSWORD: CommandRow = {
  name: 'hash-password',
  summary: 'the hash of a password, for basicAuth in a policy',
  description:
    'Reads a password from standard input, or asks for it at the terminal, and prints its hash (scrypt). No password belongs in a command line.',
  examples: [
    ['clearcoat hash-password', 'asks; the password is not seen as it is typed'],
    ['clearcoat hash-password < password.txt', 'the first line without its end'],
  ],
  notes: 'Exit codes: 0 done, 2 there is no password.',
  run: async ({ around }) => {
    const text = around.ask === null ? await around.input() : await around.ask('Password: ', 'secret')
    const [password = ''] = text.split(/\r?\n/, 1)
    if (password === '' || password.length > LONGEST)
      throw new CommandError(EXIT.usage, {
        what: password === '' ? 'there is no password' : 'the password is too long',
        why: password === '' ? 'the first line of standard input is empty' : `it has more than ${LONGEST} characters`,
        how: 'write it there: printf \'%s\' "$PASSWORD" | clearcoat hash-password',
      })
    around.stdout(`${await hashPassword(password)}\n`)
    return EXIT.ok
  },
}

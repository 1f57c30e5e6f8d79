/** VMOD blob: bytes and their encodings. A BLOB is a text here, a character a byte. */
import { BINDING, call, infix, js, member } from '../javascript.ts'
import type { CallUse, Translations } from './call-use.ts'

function encoding(use: CallUse, index: number): ReturnType<typeof js> {
  return js(`'${String(use.literal(index) ?? 'IDENTITY')}'`)
}

function upper(use: CallUse, index: number): ReturnType<typeof js>[] {
  return use.literal(index) === 'UPPER' ? [js("'UPPER'")] : []
}

export const BLOB: Translations = {
  decode: (use) => call(use.lib('decode'), [encoding(use, 0), use.text(2), ...lengthOf(use, 1)]),
  encode: (use) => call(use.lib('encode'), [encoding(use, 0), use.text(2), ...upper(use, 1)]),
  transcode: (use) => {
    const decoded = call(use.lib('decode'), [encoding(use, 0), use.text(4), ...lengthOf(use, 3)])
    return call(use.lib('encode'), [encoding(use, 1), decoded, ...upper(use, 2)])
  },
  same: (use) => infix(use.text(0), '===', use.text(1), BINDING.equal),
  equal: (use) => infix(use.text(0), '===', use.text(1), BINDING.equal),
  length: (use) => member(use.text(0), 'length'),
  sub: (use) => call(use.lib('taken'), [use.text(0), use.value(1), ...use.values(2, 3)]),
  'blob.get': ({ call: { callee }, scope }) => js(scope.module.names.of(callee.kind === 'method' ? callee.object : '', 'blob')),
  'blob.encode': (use) => {
    const { callee } = use.call
    const name = use.scope.module.names.of(callee.kind === 'method' ? callee.object : '', 'blob')
    return call(use.lib('encode'), [encoding(use, 0), js(name), ...upper(use, 1)])
  },
}

function lengthOf(use: CallUse, index: number): ReturnType<typeof js>[] {
  const given = use.literal(index)
  return given === null || given === 0 ? [] : [use.value(index)]
}

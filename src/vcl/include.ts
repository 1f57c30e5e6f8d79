/** Which files an include means. What is read comes from the caller. */
import type { SourceFile } from './source.ts'

export interface VclReader {
  /** The text of a file; `null` when there is none, or it cannot be read. */
  readonly read: (path: string) => string | null
  /** The files that a pattern of `include +glob` names, sorted. Without it such includes are refused. */
  readonly list?: (glob: string) => readonly string[]
  /** Folders in which includes are looked for first, in this order; then that of the first file, then that of the including one. */
  readonly vclPath?: readonly string[]
}

/** Nothing can be included. */
export const NO_READER: VclReader = Object.freeze({ read: () => null })

export type Included = { readonly files: readonly SourceFile[] } | { readonly reason: string; readonly hint: string | null }

/** `path`: the names of the files that include each other, the present one last. */
export function includedFiles(reader: VclReader, name: string, glob: boolean, path: readonly string[]): Included {
  const here = folderOf(path.at(-1) ?? '')
  if (name === '') return { reason: 'include names no file', hint: null }
  if (glob) return globbed(reader, name, here)
  const candidates = isAbsolute(name) ? [name] : name.startsWith('./') ? [join(here, name)] : searched(reader, name, path)
  for (const candidate of candidates) {
    const text = reader.read(candidate)
    if (text !== null) return { files: [{ name: candidate, text }] }
  }
  return { reason: `there is no file ${JSON.stringify(name)} to include`, hint: `looked for ${candidates.join(', ')}` }
}

function globbed(reader: VclReader, name: string, here: string): Included {
  if (!isAbsolute(name) && !name.startsWith('./'))
    return { reason: '+glob takes an absolute path, or one that begins with ./', hint: `write "./${name}"` }
  if (reader.list === undefined) return { reason: '+glob needs a folder to look into, and there is none here', hint: null }
  const names = reader.list(isAbsolute(name) ? name : join(here, name))
  if (names.length === 0) return { reason: `no file matches ${JSON.stringify(name)}`, hint: null }
  const files: SourceFile[] = []
  for (const found of names) {
    const text = reader.read(found)
    if (text === null) return { reason: `${found} cannot be read`, hint: null }
    files.push({ name: found, text })
  }
  return { files }
}

function searched(reader: VclReader, name: string, path: readonly string[]): readonly string[] {
  const folders = [...(reader.vclPath ?? []), folderOf(path[0] ?? ''), folderOf(path.at(-1) ?? '')]
  return [...new Set(folders.map((folder) => join(folder, name)))]
}

function isAbsolute(name: string): boolean {
  return name.startsWith('/')
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1)
}

function join(folder: string, name: string): string {
  const plain = name.replace(/^(?:\.\/)+/, '')
  return folder === '' || folder.endsWith('/') ? folder + plain : `${folder}/${plain}`
}

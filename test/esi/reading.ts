/** A page's pieces as text: includes as `{src|alt?}`, in round brackets where they lead nowhere. */
import type { Reference } from '../../src/esi/address.ts'
import { EsiParser, type Include } from '../../src/esi/parser.ts'

export type Piece = string | Include

export interface ReadOptions {
  readonly anyText?: boolean
}

export function read(page: string, options: ReadOptions = {}): readonly Piece[] {
  return readPieces([page], options)
}

/** Fed one after another; a character is a byte. */
export function readPieces(pieces: readonly string[], { anyText = false }: ReadOptions = {}): readonly Piece[] {
  const found: Piece[] = []
  const parser = new EsiParser(
    { text: (bytes) => void found.push(bytes.toString('latin1')), include: (include) => void found.push(include) },
    anyText,
  )
  for (const piece of pieces) parser.feed(Buffer.from(piece, 'latin1'))
  parser.end()
  return found
}

export function shown(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece
      const { src, alt, optional, written } = piece
      const leads = src.type !== 'refused'
      const parts = `${leads ? told(src) : written}${alt === null ? '' : `|${told(alt)}`}${optional ? '?' : ''}`
      return leads ? `{${parts}}` : `(${parts})`
    })
    .join('')
    .replaceAll('\0', '\\0')
}

function told(reference: Reference): string {
  switch (reference.type) {
    case 'path':
      return reference.target
    case 'relative':
      return reference.text
    case 'absolute':
      return `${reference.scheme ?? ''}//${reference.authority}${reference.target}`
    case 'refused':
      return '!'
    default:
      return reference satisfies never
  }
}

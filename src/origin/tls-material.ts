/** Certificates and keys of a backend: read from files where paths are given, and read again when a file has changed. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import type { BackendTls } from '../../vcl-ts/backend-tls.ts'

const MIN_VERSION = 'TLSv1.2'

type Files = Pick<BackendTls, 'ca' | 'cert' | 'key' | 'passphrase'>

export class TlsMaterial {
  readonly #files: Files
  readonly #paths: readonly string[]
  #context: SecureContext | null = null
  /** Of the files when they were read. */
  #stamps = ''

  constructor(files: Files) {
    this.#files = files
    this.#paths = [...(files.ca ?? []), files.cert, files.key].filter((text) => text !== null && isPath(text)) as string[]
  }

  /** Changes its identity with the files. What cannot be used does not replace what could. Throws when there is nothing yet. */
  get context(): SecureContext {
    const stamps = this.#paths.map(stampOf).join()
    if (this.#context === null) this.#context = contextOf(this.#files)
    else if (stamps !== this.#stamps) {
      try {
        this.#context = contextOf(this.#files)
      } catch {
        // Half written, or a mistake: the old one stays in use until the file changes again.
      }
    }
    this.#stamps = stamps
    return this.#context
  }
}

/** Throws an error that says what cannot be used, and shows no key. */
export function checkMaterial(files: Files): void {
  contextOf(files)
}

function contextOf({ ca, cert, key, passphrase }: Files): SecureContext {
  const parts = {
    ...(ca === null ? systemAuthorities() : { ca: ca.map((text) => textOf('ca', text)) }),
    ...(cert === null ? {} : { cert: textOf('cert', cert) }),
    ...(key === null ? {} : { key: textOf('key', key) }),
    ...(passphrase === null ? {} : { passphrase }),
  }
  if (ca !== null) for (const text of parts.ca ?? []) checkAuthorities(text)
  try {
    return createSecureContext({ ...parts, minVersion: MIN_VERSION })
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Error(`certificate or key cannot be used: ${code} ${message}`.trim())
  }
}

/** Where the machine has none, as in a bare container, those that Node brings count. */
function systemAuthorities(): { readonly ca?: string[] } {
  const system = getCACertificates('system')
  return system.length === 0 ? {} : { ca: [...system, ...getCACertificates('extra')] }
}

/** Node passes over authorities that it cannot read, and then nobody would be trusted, or half of them. */
function checkAuthorities(text: string): void {
  const blocks = text.match(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END [A-Z0-9 ]+-----/g) ?? []
  const begun = text.match(/-----BEGIN /g)?.length ?? 0
  if (blocks.length === 0 || blocks.length !== begun) throw new Error('tls.ca is not a list of whole certificates in PEM form')
  for (const [index, block] of blocks.entries()) {
    try {
      void new X509Certificate(block)
    } catch (error) {
      throw new Error(`tls.ca: certificate ${index + 1} cannot be read: ${(error as Error).message}`)
    }
  }
}

function textOf(name: string, text: string): string {
  if (!isPath(text)) return text
  try {
    return readFileSync(text, 'utf8')
  } catch (error) {
    throw new Error(`tls.${name}: ${(error as Error).message}`)
  }
}

function isPath(text: string): boolean {
  return !text.includes('-----BEGIN')
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
}

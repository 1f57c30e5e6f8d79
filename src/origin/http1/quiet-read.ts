/**
 * A read that says by its result that there is nothing to read. The file system's functions throw, which costs 3 µs where the read itself
 * costs 0.3. Node's WASI has such a read; no WebAssembly runs, its function is called as it is. WASI is experimental: where it cannot be
 * had, or answers anything but what is known here, the outcome is `unknown`, and whoever asks has to read in another way.
 */

/** `bytes`: a byte was read, or the end. */
export type QuietRead = 'nothing' | 'bytes' | 'unknown'

/** Reads one byte of the descriptor that it was made for, if one is there. */
export type QuietReader = () => QuietRead

/** Numbers of WASI's errors. */
const SUCCESS = 0
const AGAIN = 6

/** In the memory that all reads share: one iovec, the count of bytes read, and the byte. */
const IOVEC = 0
const COUNT = 8
const BYTE = 16

/** What of it is needed; the types that there are come with those of a browser. */
interface WithMemory {
  readonly WebAssembly: { readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer } }
}

type MakeReader = (fd: number) => QuietReader

let make: MakeReader | null | undefined

/** The descriptor stays its owner's. `null`: this process cannot read so. */
export function quietReader(fd: number): QuietReader | null {
  if (make === null) return null
  try {
    make ??= prepare()
    return make(fd)
  } catch {
    make = null
    return null
  }
}

function prepare(): MakeReader {
  const { WASI } = quietly(() => process.getBuiltinModule('node:wasi'))
  const memory = new (globalThis as unknown as WithMemory).WebAssembly.Memory({ initial: 1 })
  const layout = new DataView(memory.buffer)
  layout.setUint32(IOVEC, BYTE, true)
  layout.setUint32(IOVEC + 4, 1, true)
  return (fd) => {
    const wasi = new WASI({ version: 'preview1', stdin: fd, stdout: fd, stderr: fd, returnOnExit: true })
    wasi.initialize({ exports: { memory } })
    const read: unknown = wasi.wasiImport['fd_read']
    if (typeof read !== 'function') throw new TypeError('WASI has no fd_read')
    return () => {
      const error: unknown = read(0, IOVEC, 1, COUNT)
      return error === AGAIN ? 'nothing' : error === SUCCESS ? 'bytes' : 'unknown'
    }
  }
}

/** Without the warning that WASI is experimental, which Node gives when it is loaded, and about which whoever runs a cache can do nothing. */
function quietly<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** What the bytes of a body are put into while it arrives. */
export interface BodyMemory {
  /** A buffer of exactly so many bytes that is nobody else's. What it holds at first is anything. */
  readonly buffer: (bytes: number) => Buffer
  /** So many bytes of such buffers are not wanted any more, and were not stored. */
  readonly dropped: (bytes: number) => void
}

/** That of this thread alone. */
export const OWN_MEMORY: BodyMemory = { buffer: (bytes) => Buffer.allocUnsafeSlow(bytes), dropped: () => undefined }

/** What the harness uses of autocannon, which ships no types. */
declare module 'autocannon' {
  export interface Client {
    on(event: 'headers', listener: (head: { readonly statusCode: number; readonly headers: readonly string[] }) => void): void
    /** Bytes of the next request; replaced to send a request byte for byte. */
    getRequestBuffer: () => Buffer
  }
  export interface Result {
    readonly '2xx': number
    readonly non2xx: number
    readonly errors: number
    readonly timeouts: number
    readonly mismatches: number
  }
  export default function autocannon(options: {
    readonly url: string
    readonly connections: number
    readonly duration: number
    /** Seconds. */
    readonly timeout: number
    readonly setupClient: (client: Client) => void
    readonly verifyBody: (body: string | undefined) => boolean
  }): Promise<Result>
}

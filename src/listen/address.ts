/** Where to listen: `host:port`, `:port`, `[::1]:port`, `unix:/path` or `/path`. */

export type ListenAddress =
  | { readonly type: 'tcp' /** `undefined`: all addresses. */; readonly host: string | undefined; readonly port: number }
  | { readonly type: 'unix'; readonly path: string }

const HOST_AND_PORT = /^(?:\[([0-9A-Fa-f:.]+(?:%[0-9A-Za-z]+)?)\]|([0-9A-Za-z_.-]*)):([0-9]{1,5})$/

/** Throws a `TypeError` that says what was expected. Port 0 lets the system choose. */
export function parseListenAddress(text: string): ListenAddress {
  const path = text.startsWith('unix:') ? text.slice(5) : text
  if (path.startsWith('/')) return { type: 'unix', path }
  const match = HOST_AND_PORT.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535)
    throw new TypeError(`${JSON.stringify(text)} is no address to listen on; write host:port, :port, [::1]:port, unix:/path or /path`)
  const host = match[1] ?? match[2]
  return { type: 'tcp', host: host === '' || host === '*' ? undefined : host, port }
}

/** The address as a listener shows it: `127.0.0.1:8080`, `[::1]:8080`, `/path`. */
export function formatAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

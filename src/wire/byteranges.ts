/** `multipart/byteranges` bodies (RFC 9110 §14.6): what stands between the parts. */
import { contentRange } from './range.ts'

/** Everything in front of one part's bytes; the first part's leading CRLF is an empty preamble. */
export function multipartHead(boundary: string, contentType: string | null, first: number, last: number, total: number): string {
  const type = contentType === null ? '' : `Content-Type: ${contentType}\r\n`
  return `\r\n--${boundary}\r\n${type}Content-Range: ${contentRange(first, last, total)}\r\n\r\n`
}

/** Everything behind the last part's bytes. */
export function multipartEnd(boundary: string): string {
  return `\r\n--${boundary}--\r\n`
}

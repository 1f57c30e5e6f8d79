/** Addresses of what a service asks. */

/** Throws a `TypeError` unless it is an http or https URL without credentials. */
export function checkUrl(what: string, text: string): void {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '')
    throw new TypeError(`${what} ${JSON.stringify(text)} is not an http or https URL without user name and password`)
}

/** What a User-Agent says of the device, by words that most of them have. Linear in its length, of which the first 512 characters count. */
import type { Device } from './accept.ts'

const BOT =
  /bot\b|bot[/;-]|crawl|spider|slurp|facebookexternalhit|mediapartners|preview|headless|lighthouse|pingdom|uptime|curl\/|wget\/|python|go-http-client|okhttp|java\/|libwww|httpclient|axios|node-fetch/i
const TABLET = /ipad|tablet|kindle|silk\/|playbook|nexus (?:7|9|10)\b/i
const MOBILE = /mobi|iphone|ipod|blackberry|opera mini|windows phone|webos/i
const ANDROID = /android/i

/** `hint` is `Sec-CH-UA-Mobile`: `?1` or `?0`. */
export function deviceOf(userAgent: string, hint: string | undefined): Device {
  const agent = userAgent.slice(0, 512)
  if (BOT.test(agent)) return 'bot'
  if (TABLET.test(agent)) return 'tablet'
  if (hint === '?1' || MOBILE.test(agent)) return 'mobile'
  // Android says Mobile on telephones alone.
  return ANDROID.test(agent) ? 'tablet' : 'desktop'
}

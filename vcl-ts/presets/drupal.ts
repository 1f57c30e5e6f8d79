/** Drupal 8 and newer, with the modules that purge (Purge with HTTP or Varnish purger, Acquia Purge). */
import { quoteForBan } from '../ban.ts'
import type { Req } from '../context.ts'
import type { HookAction } from '../legal.ts'
import type { Policy } from '../policy.ts'
import { ban, purgeTags } from './dialects.ts'
import { segments } from './path-pattern.ts'
import { type PresetOptions, site } from './site.ts'

/**
 * `export default drupal()`. Pages are kept as long as Drupal says (Performance: browser and proxy cache maximum age) and go by their tags.
 * Who has a session passes.
 */
export function drupal(options: PresetOptions = {}): Policy {
  return site(
    {
      name: 'drupal',
      pass: [
        segments('user', 'admin', 'flag', 'batch', 'cron', 'ajax', 'ahah', 'cart', 'checkout', 'oauth', 'saml', 'devel'),
        /\/(?:update|install|cron|authorize|rebuild|xmlrpc|status)\.php(?:\/|$)/,
        /\/(?:node\/add|node\/\d+\/(?:edit|delete|revisions|layout)|media\/add|media\/\d+\/edit|system\/files|system\/ajax|views\/ajax)(?:\/|$)/,
        /\/(?:session\/token|entity_reference_autocomplete|quickedit|contextual\/render|big_pipe\/no-js)(?:\/|$)/,
      ],
      passParameters: ['_wrapper_format', 'ajax_page_state', /^ajax_page_state\[/],
      personal: [/^S?SESS/, 'NO_CACHE', /^Drupal\.visitor\./, 'simplesaml', /^SimpleSAML/, 'big_pipe_nojs', 'PHPSESSID'],
      others: 'drop',
      files: [
        /\/(?:core|modules|themes|profiles|libraries)\/.*\.(?:css|js|mjs|map|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot)$/,
        /\/sites\/[^/]+\/files\/.*\.(?:css|js|png|jpe?g|gif|webp|avif|svg|ico|woff2?|mp4|webm|mp3)$/,
      ],
      ttl: 0,
      grace: '1h',
      staleIfError: '1d',
      dialect: purgeOf,
      denied: 403,
    },
    options,
  )
}

const TAG_FIELDS: readonly string[] = ['x-acquia-purge-tags', 'purge-cache-tags', 'cache-tags', 'purge-cache-tag', 'x-drupal-cache-tags']

/** Tags in any of these fields; and the site, or URLs with `*`, as the Varnish purger sends them. */
function purgeOf(req: Req): HookAction<'recv'> | undefined {
  const { method, host, url } = req
  if (method !== 'BAN' && method !== 'PURGE') return undefined
  for (const field of TAG_FIELDS) {
    const action = purgeTags(req, field)
    if (action !== undefined) return action
  }
  if (req.headers.hasLower('x-ban')) return undefined
  if (url === '/site') return ban(`obj.host == ${quoteForBan(host)}`)
  if (!url.includes('*')) return undefined
  const pattern = url
    .split(/\.?\*/)
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.*')
  return ban(`obj.host == ${quoteForBan(host)}`, `obj.url ~ ${quoteForBan(`^${pattern}$`)}`)
}

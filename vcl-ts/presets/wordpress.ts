/** WordPress, with WooCommerce and the plugins that set cookies for a visitor. */
import { verbs } from '../actions.ts'
import { checkBan, quoteForBan } from '../ban.ts'
import type { Client, Req } from '../context.ts'
import type { HookAction } from '../legal.ts'
import type { Policy } from '../policy.ts'
import { segments } from './path-pattern.ts'
import { type PresetOptions, purgeUrl, site } from './site.ts'

/**
 * `export default wordpress()`. Pages are kept ten minutes where WordPress says nothing of it, and go when a plugin purges them (Proxy Cache
 * Purge, WP Rocket, W3 Total Cache, Nginx Helper). Who is logged in, has commented, knows a page's password or has a cart passes.
 */
export function wordpress(options: PresetOptions = {}): Policy {
  return site(
    {
      name: 'wordpress',
      pass: [
        /\/wp-(?:admin|login|cron|comments-post|signup|activate|mail|trackback)(?:\.php)?(?:\/|$)/,
        /\/(?:xmlrpc\.php|wp-json\/wc)(?:[/-]|$)/,
        segments('cart', 'checkout', 'my-account', 'wc-api', 'logout', 'lost-password'),
      ],
      passParameters: [
        ...['preview', 'preview_id', 'preview_nonce', 'customize_changeset_uuid', 'wc-ajax', 'add-to-cart', 'remove_item', 'wc-api'],
        ...['_wpnonce', 'rest_route', 'edd_action', 'doing_wp_cron', 'loggedout'],
      ],
      personal: [
        /^wordpress_(?:logged_in|sec)_/,
        /^wordpress_[0-9a-f]{32}$/,
        /^wp-(?:postpass|resetpass)_/,
        /^comment_author_/,
        /^woocommerce_(?:items_in_cart|cart_hash)$/,
        /^wp_woocommerce_session_/,
        /^edd_(?:items_in_cart|cart)/,
        'wordpress_no_cache',
        'PHPSESSID',
      ],
      variants: ['wp-wpml_current_language', 'pll_language'],
      others: 'drop',
      files: [/\/wp-(?:content|includes)\/.*\.(?:css|js|mjs|map|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|mp4|webm|mp3|ogg)$/],
      dropParameters: ['doing_wp_cron'],
      ttl: '10m',
      grace: '1h',
      staleIfError: '1d',
      recv: (req, client) => ownRequest(req) ?? nginxHelper(req, client),
      dialect: purgeOf,
    },
    options,
  )
}

/** `X-Purge-Method: regex` (Proxy Cache Purge, WP Rocket), or a path that ends in `.*` (W3 Total Cache); within the site. */
function purgeOf({ method, headers, url, host }: Req): HookAction<'recv'> | undefined {
  if (method !== 'PURGE') return undefined
  const regex = headers.get('x-purge-method')?.trim().toLowerCase() === 'regex'
  if (!regex && !url.endsWith('.*')) return undefined
  const prefix = url.slice(0, -2)
  if (url.endsWith('.*') && !/[\\^$.*+?()[\]{}|]/.test(prefix))
    return prefix === '/' ? verbs.purge({ host }) : verbs.purge({ prefix, host })
  const ban = `obj.host == ${quoteForBan(host)} && obj.url ~ ${quoteForBan(`^${url}`)}`
  const fault = checkBan(ban)
  return fault === null ? verbs.purge({ ban }) : verbs.synth(400, 'Bad Purge Expression', `${fault}\n`)
}

/** Scripts of somebody who has a session or a cart. */
function ownRequest({ headers }: Req): HookAction<'recv'> | undefined {
  return headers.hasLower('x-wp-nonce') || headers.hasLower('cart-token') ? verbs.pass() : undefined
}

/** `GET /purge/path` asks nothing of WordPress: Nginx Helper's way to purge `/path`. */
function nginxHelper(req: Req, client: Client): HookAction<'recv'> | undefined {
  return client.mayInvalidate && req.path.startsWith('/purge/') ? purgeUrl(req.url.slice('/purge'.length)) : undefined
}

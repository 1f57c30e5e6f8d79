/** TYPO3, with an extension that purges (varnish, nxvarnish, proxycachemanager). */
import { verbs } from '../actions.ts'
import type { Beresp, Req } from '../context.ts'
import type { HookAction } from '../legal.ts'
import type { Policy } from '../policy.ts'
import { purgeTags } from './dialects.ts'
import { segments } from './path-pattern.ts'
import { type PresetOptions, site } from './site.ts'

/**
 * `export default typo3()`. Pages are kept as long as TYPO3 says (`config.sendCacheHeaders = 1`) and go by tag, page or site. Who is logged
 * in at back end or front end passes.
 */
export function typo3(options: PresetOptions = {}): Policy {
  return site(
    {
      name: 'typo3',
      pass: [segments('typo3', 'login', 'logout', 'felogin'), /\/(?:typo3\/install|install)\.php(?:\/|$)/],
      passParameters: ['ADMCMD_prev', 'ADMCMD_view', 'ADMCMD_editIcons', /^ADMCMD_/, 'logintype', 'no_cache', 'eID'],
      personal: ['be_typo_user', 'fe_typo_user', /^typo3-login-cookiecheck/, 'be_lastLoginProvider', 'Typo3InstallTool', 'PHPSESSID'],
      others: 'drop',
      files: [
        /^\/(?:_assets|typo3temp|typo3conf)\/.*\.(?:css|js|mjs|map|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot)$/,
        /^\/fileadmin\/.*\.(?:css|js|png|jpe?g|gif|webp|avif|svg|ico|woff2?|mp4|webm|mp3)$/,
      ],
      ttl: 0,
      grace: '1h',
      staleIfError: '1d',
      dialect: banOf,
      backendResponse: (_bereq, beresp) => tagPage(beresp),
      deliver: (_req, { headers }) => {
        headers.delete('TYPO3-Pid')
        headers.delete('TYPO3-Sitename')
      },
    },
    options,
  )
}

/** `TYPO3-Pid: 7` and `TYPO3-Sitename: main` of an answer, as tags. */
function tagPage({ headers, tags }: Beresp): void {
  const siteName = headers.get('typo3-sitename')
  if (siteName === undefined) return
  tags.add(siteTag(siteName))
  const page = headers.get('typo3-pid')
  if (page !== undefined) tags.add(pageTag(siteName, page))
}

/** Within one TYPO3, which `Varnish-Ban-TYPO3-Sitename` names: all, one page, or tags. */
function banOf(req: Req): HookAction<'recv'> | undefined {
  const { method, headers } = req
  const siteName = headers.get('varnish-ban-typo3-sitename')
  if (method !== 'BAN' || siteName === undefined) return undefined
  const page = headers.get('varnish-ban-typo3-pid')
  if (headers.get('varnish-ban-all')?.trim() === '1') return verbs.purge({ tags: [siteTag(siteName)] })
  if (page !== undefined) return verbs.purge({ tags: [pageTag(siteName, page)] })
  return purgeTags(req, 'xkey-purge') ?? verbs.synth(400, 'Nothing To Ban Given')
}

function siteTag(siteName: string): string {
  return `typo3-site-${siteName.trim().replace(/[\s,|]+/g, '_')}`
}

function pageTag(siteName: string, page: string): string {
  return `${siteTag(siteName)}-page-${page.trim()}`
}

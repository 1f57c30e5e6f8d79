/** All presets by the names that `clearcoat init` knows them by. */
import { api } from './api.ts'
import { drupal } from './drupal.ts'
import { magento } from './magento.ts'
import { nextjs } from './nextjs.ts'
import { shopware } from './shopware.ts'
import { staticSite } from './static-site.ts'
import { symfony } from './symfony.ts'
import { typo3 } from './typo3.ts'
import { wordpress } from './wordpress.ts'

export interface Presets {
  readonly wordpress: typeof wordpress
  readonly magento: typeof magento
  readonly drupal: typeof drupal
  readonly shopware: typeof shopware
  readonly typo3: typeof typo3
  readonly symfony: typeof symfony
  readonly nextjs: typeof nextjs
  readonly static: typeof staticSite
  readonly api: typeof api
}

/** `presets.static()` is `staticSite()`: `static` is a word of the language. */
export const presets: Presets = Object.freeze({ wordpress, magento, drupal, shopware, typo3, symfony, nextjs, static: staticSite, api })

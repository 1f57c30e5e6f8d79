/** `npm run reference`: writes `vcl-ts/REFERENCE.md` and `src/admin/README.md` anew. */
import { writeFileSync } from 'node:fs'
import { ADMIN_PAGE, adminPage } from './admin-page.ts'
import { PAGE, referencePage } from './page.ts'

writeFileSync(PAGE, referencePage())
writeFileSync(ADMIN_PAGE, adminPage())

/** `npm run reference`: writes `vcl-ts/REFERENCE.md` anew. */
import { writeFileSync } from 'node:fs'
import { PAGE, referencePage } from './page.ts'

writeFileSync(PAGE, referencePage())

#!/usr/bin/env node
/** The entry point. It holds nothing that an old Node cannot parse, so that such a one is told plainly instead of failing on syntax. */

const OLDEST = 24
const UNAVAILABLE = 69

if (Number(process.versions.node.split('.')[0]) < OLDEST) {
  process.stderr.write(`clearcoat: needs Node.js ${OLDEST} or newer, and this is ${process.versions.node}; get one at https://nodejs.org\n`)
  process.exit(UNAVAILABLE)
}

import('./cli/program.ts').then(({ run }) => run(process.argv.slice(2))).then((code) => process.exit(code))

export {}

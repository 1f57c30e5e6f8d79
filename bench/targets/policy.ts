/** A policy of three hooks that do what policies mostly do: a rule on the URL, a grace, a field for the client. */
import { definePolicy, type Policy } from '../../vcl-ts/index.ts'

const policy: Policy = definePolicy({
  name: 'bench',
  recv({ req, pass }) {
    return req.url.startsWith('/api/') ? pass() : undefined
  },
  backendResponse({ beresp }) {
    beresp.grace = 60
  },
  deliver({ resp, obj }) {
    resp.headers.set('X-Hits', String(obj.hits))
  },
})

export default policy

/** The policy of `hit-hooks`: reads and sets fields when a request comes, when its key is made, and when it is answered. */
import { definePolicy, type Policy } from 'clearcoat/vcl-ts'

const policy: Policy = definePolicy({
  name: 'bench',
  recv({ req, pass }) {
    if (req.url.startsWith('/api/')) return pass()
    req.headers.set('X-Device', /Mobile/.test(req.headers.get('user-agent') ?? '') ? 'mobile' : 'desktop')
    return undefined
  },
  hash({ key, req }) {
    key.add(req.headers.get('x-device') ?? '')
  },
  deliver({ req, resp, obj }) {
    resp.headers.set('X-Device', req.headers.get('x-device') ?? '')
    resp.headers.set('X-Hits', String(obj.hits))
    resp.headers.delete('Server')
  },
})

export default policy

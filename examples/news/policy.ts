/** A policy for a newspaper: the page is one for all, its greeting is each reader's own, and both are one answer. */
import { cookies, definePolicy, type Policy } from 'clearcoat/vcl-ts'

/** The one fragment that depends on who reads. */
const PERSONAL = '/fragments/reader'

const news: Policy = definePolicy({
  name: 'news',

  recv({ req, pass }) {
    if (req.url === PERSONAL) {
      cookies.keep(req.headers, 'reader')
      return pass()
    }
    req.headers.delete('cookie')
    return undefined
  },

  backendFetch({ bereq }) {
    // By this the origin knows that its page may hold <esi:include>. No client can say it in our place.
    bereq.headers.set('Surrogate-Capability', 'clearcoat="ESI/1.0"')
  },

  backendResponse({ beresp }) {
    // It is the same for all, so that it tells no variants apart.
    if (beresp.headers.get('vary') === 'Surrogate-Capability') beresp.headers.delete('vary')
  },

  deliver({ req, resp }) {
    // The page holds what is somebody's own: no cache between here and the reader may keep it.
    if (req.url === '/' && req.esiLevel === 0) resp.headers.set('Cache-Control', 'private, no-cache')
  },
})

export default news

/** A policy for a server of files: pages are stored whole, films and images of disks in slices, so that a player that jumps costs little. */
import { definePolicy, type Policy } from 'clearcoat/vcl-ts'

const LARGE = /^\/[^?]+\.(?:mp4|webm|iso|img|zip)$/

const files: Policy = definePolicy({
  name: 'files',

  recv({ req }) {
    if (!LARGE.test(req.path)) return
    // A file is the same for everybody, whatever its link says.
    req.url = req.path
    req.headers.delete('cookie')
    req.slice = 1024 * 1024
  },

  backendResponse({ bereq, beresp }) {
    if (!LARGE.test(bereq.url)) return
    // A changed file has another ETag, by which that is noticed before one byte of it is mixed with those that are stored.
    beresp.ttl = '1d'
    beresp.tags.add('files')
  },
})

export default files

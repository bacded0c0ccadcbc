import type { At } from '../../../base/index.ts'
import { addressOf, go } from '../router.ts'
import { shortened } from './words.tsx'

/** A place in the YAML as a link to it. */
export function PlaceLink({ at }: { readonly at: At }) {
  const query = { file: at.file, line: String(at.line) }
  const file = at.file.split('/').slice(-2).join('/')
  return (
    <a
      class="place"
      href={addressOf('request', query)}
      title={shortened(`${at.file}:${at.line}`, 300)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
        event.preventDefault()
        const keep = new URLSearchParams(location.pathname === '/request' ? location.search : '')
        keep.set('file', at.file)
        keep.set('line', String(at.line))
        go('request', keep)
      }}
    >
      {shortened(file, 60)}:{at.line}
    </a>
  )
}

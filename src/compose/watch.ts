import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/**
 * Calls `changed` after files below these paths changed and stayed quiet for `quietMs`. A file is
 * watched through its folder, because editors replace files instead of writing into them.
 */
export function watchPaths(paths: readonly string[], changed: () => void, quietMs = 120): { close(): void } {
  const watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  const note = () => {
    clearTimeout(timer)
    timer = setTimeout(changed, quietMs)
    timer.unref()
  }
  for (const path of paths) {
    try {
      if (statSync(path).isDirectory()) {
        watchers.push(watch(path, { recursive: true }, note))
      } else {
        const name = basename(path)
        watchers.push(
          watch(dirname(path), (_event, file) => {
            if (file === null || file === name) note()
          }),
        )
      }
    } catch {
      // What cannot be watched was read once; the door still runs from it.
    }
  }
  for (const watcher of watchers) {
    watcher.on('error', () => watcher.close())
    watcher.unref()
  }
  return {
    close: () => {
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}

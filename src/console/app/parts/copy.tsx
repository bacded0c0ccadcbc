import { useSignal } from '@preact/signals'
import { t } from '../texts/index.ts'

/** A command, and a button that puts it into the clipboard. */
export function CopyCommand({ command, label }: { readonly command: string; readonly label?: string }) {
  const said = useSignal('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command)
      said.value = t('copied')
    } catch {
      said.value = t('copyFailed', command)
    }
    setTimeout(() => {
      said.value = ''
    }, 4000)
  }
  return (
    <span class="copy">
      <button type="button" title={command} onClick={copy}>
        {label ?? t('copyCommand')}
      </button>
      <span role="status" class="said">
        {said.value}
      </span>
    </span>
  )
}

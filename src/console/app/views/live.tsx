import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { commandLine } from '../command.ts'
import { CopyCommand } from '../parts/copy.tsx'
import { query } from '../router.ts'
import { t } from '../texts/index.ts'
import { type Door, DoorPart } from './live/door.tsx'
import { Walk } from './live/walk.tsx'

export function LiveView() {
  const doors = useSignal<readonly Door[]>([])
  const asked = useSignal(false)
  const look = async () => {
    const answer = await fetch('/api/doors')
    if (answer.ok) doors.value = (await answer.json()) as readonly Door[]
    asked.value = true
  }
  useEffect(() => void look(), [])
  const url = query.value.get('url') ?? doors.value[0]?.url ?? ''
  return (
    <div class="live">
      <div class="bar">
        <h1 class="view-title">{t('liveTitle')}</h1>
        <span class="grow" />
        <CopyCommand command={commandLine('doctor', url === '' ? 'https://localhost:8443' : url)} />
      </div>
      <Walk url={url} />
      <section aria-labelledby="doors-title">
        <div class="bar">
          <h2 id="doors-title">{t('liveDoors')}</h2>
          <button type="button" class="quiet" onClick={look}>
            {t('liveRefresh')}
          </button>
        </div>
        {asked.value && doors.value.length === 0 && (
          <div class="note">
            <p>{t('liveNoDoors')}</p>
            <CopyCommand label="kfdoor up" command="kfdoor up" />
          </div>
        )}
        {doors.value.map((door) => (
          <DoorPart key={door.url} door={door} look={look} />
        ))}
      </section>
    </div>
  )
}

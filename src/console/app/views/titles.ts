import type { ViewName } from '../router.ts'
import { type TextKey, t } from '../texts/index.ts'

const titles: Readonly<Record<ViewName, TextKey>> = {
  request: 'viewRequest',
  map: 'viewMap',
  change: 'viewChange',
  findings: 'viewFindings',
  live: 'viewLive',
  tokens: 'viewTokens',
}

export const viewTitle = (view: ViewName): string => t(titles[view])

/** `2026-11-25 21:50 UTC (in 23 h)`; `expired 3 min ago` for what is over. */
export function sayEnd(ms: number | undefined, now: number): string {
  if (ms === undefined) return 'nothing tells when it ends'
  const at = `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return ms > now ? `until ${at} (in ${span(ms - now)})` : `expired ${span(now - ms)} ago, at ${at}`
}

/** The largest unit that leaves a number worth reading. */
export function span(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 2) return `${Math.max(0, Math.round(ms / 1000))} s`
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 72 ? `${hours} h` : `${Math.round(hours / 24)} days`
}

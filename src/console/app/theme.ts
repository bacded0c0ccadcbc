import { signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'

const kept = localStorage.getItem('theme')
export const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system')

export function applyTheme(): void {
  if (theme.value === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
}

export function chooseTheme(next: Theme): void {
  theme.value = next
  localStorage.setItem('theme', next)
  applyTheme()
}

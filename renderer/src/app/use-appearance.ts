import { useEffect } from 'react'
import type { Settings } from '../../../contract/system.ts'

const remembered = 'mooring.appearance'

function apply(theme: string, density: string): void {
  const root = document.documentElement
  if (theme === 'system') delete root.dataset.theme
  else root.dataset.theme = theme
  root.dataset.density = density
}

/** Puts the last known look on the page before anything is drawn, so that it does not flash. */
export function applyRememberedAppearance(): void {
  const [theme = 'system', density = 'compact'] = (localStorage.getItem(remembered) ?? '').split(' ')
  apply(theme === '' ? 'system' : theme, density)
}

/** Keeps theme and density as the settings say. */
export function useAppearance(settings: Settings | null): void {
  const theme = settings?.theme
  const density = settings?.density
  useEffect(() => {
    if (theme === undefined || density === undefined) return
    apply(theme, density)
    localStorage.setItem(remembered, `${theme} ${density}`)
  }, [theme, density])
}

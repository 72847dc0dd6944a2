import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'

/** What had the focus can go with its page: the next one gets it then, and Tab goes on from there, not from the top. */
export function useKeptFocus(): void {
  const router = useRouter()
  useEffect(
    () =>
      router.subscribe('onRendered', ({ fromLocation, pathChanged }) => {
        // The first page is read from its top.
        if (fromLocation === undefined || !pathChanged || document.activeElement !== document.body) return
        document.querySelector<HTMLElement>('[data-region="main"]')?.focus({ preventScroll: true })
      }),
    [router],
  )
}

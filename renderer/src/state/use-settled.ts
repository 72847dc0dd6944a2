import { useEffect, useState } from 'react'

/** A value that somebody types, as it was when nothing changed for a moment (ms): what is worth asking about. */
export function useSettled(value: string, pauseMs = 250): string {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs)
    return () => clearTimeout(timer)
  }, [value, pauseMs])
  return settled
}

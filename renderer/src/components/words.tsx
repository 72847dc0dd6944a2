import { useNow } from '../state/clock-store.ts'
import { inLocalTime } from './time-words.ts'

/** A sentence that came from the owner; times in it are said by the reader's clock. */
export function Words({ children }: { children: string }) {
  return inLocalTime(children, useNow(30_000))
}

import type { AppError } from '../../../contract/errors.ts'

/** A short message in the corner. */
export type ToastRequest = {
  readonly title: string
  readonly description?: string
  /** Undoes what was done, or leads to it. */
  readonly action?: { words: string; run: () => void }
  /** How long it stays; 0: until it is dismissed. */
  readonly timeoutMs?: number
  readonly urgent?: true
}

/** Messages wait here until the part that shows them is loaded. */
const waiting: ToastRequest[] = []
let show: ((request: ToastRequest) => void) | null = null

/** Called by the part that shows messages; it gets what waited, and all that comes until it ends. */
export function showToastsWith(shown: (request: ToastRequest) => void): () => void {
  show = shown
  for (const request of waiting.splice(0)) shown(request)
  return () => {
    if (show === shown) show = null
  }
}

function add(request: ToastRequest): void {
  if (show === null) waiting.push(request)
  else show(request)
}

/** Says that something was done. */
export const tell = (title: string, more: Omit<ToastRequest, 'title' | 'urgent'> = {}): void => add({ title, ...more })

/** Says that a command from a row, a menu or the palette failed; it stays until it is dismissed. */
export const tellFailure = (error: AppError): void =>
  add({
    title: error.message,
    description: [error.cause, error.next].filter((part) => part !== undefined).join(' '),
    timeoutMs: 0,
    urgent: true,
  })

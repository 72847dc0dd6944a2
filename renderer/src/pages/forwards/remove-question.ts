import { createStore } from 'zustand/vanilla'
import type { Forward } from '../../../../contract/forwards.ts'

/** The question before forwards of a production cluster are removed; null: nothing is asked. */
export type RemoveQuestion = { readonly forwards: readonly Forward[]; readonly remove: () => void }

export const removeQuestion = createStore<{ open: RemoveQuestion | null }>()(() => ({ open: null }))

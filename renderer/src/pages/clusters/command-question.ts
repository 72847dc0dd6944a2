import { createStore } from 'zustand/vanilla'

/** The cluster whose command is looked at before it may run; null: nothing is asked. */
export const commandQuestion = createStore<{ clusterId: string | null }>()(() => ({ clusterId: null }))

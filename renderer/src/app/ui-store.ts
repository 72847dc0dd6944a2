import { createStore, useStore } from 'zustand'

/** What is open above the pages; nothing of it is worth keeping. */
export type UiState = {
  open: 'palette' | 'switcher' | null
  /** The person chose to look around while the vault is locked or not set up. */
  vaultSkipped: boolean
}

export const ui = createStore<UiState>()(() => ({ open: null, vaultSkipped: false }))
export const useUi = <T>(choose: (state: UiState) => T): T => useStore(ui, choose)

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

/** Where the window was, in device-independent pixels. */
export const WindowState = z.object({
  /** Null: wherever the system puts it. */
  x: z.int().nullable(),
  y: z.int().nullable(),
  width: z.int().min(400).max(20_000),
  height: z.int().min(300).max(20_000),
  maximized: z.boolean(),
})
export type WindowState = z.infer<typeof WindowState>

export type Rectangle = { x: number; y: number; width: number; height: number }

const usual: WindowState = { x: null, y: null, width: 1280, height: 800, maximized: false }

/** The saved state; the usual one when there is none, it is damaged, or its place is on no screen any more. */
export function readWindowState(path: string, screens: readonly Rectangle[]): WindowState {
  let parsed: ReturnType<typeof WindowState.safeParse>
  try {
    parsed = WindowState.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return usual
  }
  if (!parsed.success) return usual
  const { x, y, width, height, maximized } = parsed.data
  const visible =
    x !== null &&
    y !== null &&
    screens.some(
      (screen) =>
        x + width > screen.x + 50 &&
        x < screen.x + screen.width - 50 &&
        y >= screen.y &&
        y < screen.y + screen.height - 50,
    )
  return visible ? parsed.data : { x: null, y: null, width, height, maximized }
}

/** Saves the state whole or not at all. */
export function saveWindowState(path: string, state: WindowState): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, JSON.stringify(state))
  renameSync(`${path}.new`, path)
}

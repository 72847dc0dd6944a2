import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConsoleMessage } from 'playwright'
import { expect } from 'vitest'
import { tellStory } from '../support/story.ts'
import { launchWindow, packTestApplication } from './application.ts'
import { startDisplay } from './display.ts'
import { takePicture } from './take-picture.ts'

/**
 * The same story in a real Electron window, attached to the host. The Electron is an old one (docs/desktop.md); axe and
 * both themes are looked at in the browser, pictures are kept of each chapter here.
 */
tellStory('in the window', async (dataDir) => {
  let display: Awaited<ReturnType<typeof startDisplay>>
  let packed: Awaited<ReturnType<typeof packTestApplication>>
  try {
    packed = await packTestApplication()
    display = await startDisplay()
  } catch (error) {
    return { missing: `no window here: ${error instanceof Error ? error.message : String(error)}` }
  }
  const home = await mkdtemp(join(tmpdir(), 'mooring-home-'))
  const problems: string[] = []
  let desktop: Awaited<ReturnType<typeof launchWindow>> | null = null
  const shown = (): Awaited<ReturnType<typeof launchWindow>> => {
    if (desktop === null) throw new Error('the window is not open')
    return desktop
  }
  const note = (message: ConsoleMessage): void => {
    if (['error', 'warning'].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`)
  }
  return {
    get page() {
      return shown().page
    },
    problems,
    open: async () => {
      desktop = await launchWindow({ executable: packed.executable, display: display.name, dataDir, home })
      desktop.page.on('console', note)
      desktop.page.on('pageerror', (error) => problems.push(`exception: ${error.message}`))
    },
    // The window finds the new owner by itself.
    reopen: () => shown().page.getByText('Mooring does not answer.').waitFor({ state: 'detached' }),
    // As the Edit menu does, from the system's clipboard.
    paste: async (field, text) => {
      const { application } = shown()
      await application.evaluate(({ clipboard }, words) => clipboard.writeText(words), text)
      await field.focus()
      await application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.paste())
    },
    look: async (name) => {
      await takePicture(shown().page, `story-${name}`)
      return []
    },
    // Nothing is fetched by the page itself: it has nothing to write.
    expectOutage: () => () => undefined,
    close: async () => {
      if (desktop !== null) expect(await desktop.quit()).toBe(0)
      await display.close()
      await packed.remove()
      await rm(home, { recursive: true, force: true })
    },
  }
})

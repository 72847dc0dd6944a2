// Takes pictures of every page and state, around an owner in memory: node e2e/renderer/pictures.ts [folder] [--only name,name] [--sizes wide,narrow]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { launchChromium } from './chromium.ts'
import { goTo, scenes } from './scenes.ts'
import { buildTestingPage } from './testing-page.ts'

const sizes = {
  wide: { width: 1280, height: 800 },
  middle: { width: 900, height: 700 },
  narrow: { width: 400, height: 800 },
  zoomed: { width: 640, height: 400 },
} as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    sizes: { type: 'string', default: 'wide' },
    themes: { type: 'string', default: 'light,dark' },
  },
})
const folder = positionals[0] ?? join(import.meta.dirname, '../../test-results/pictures')
mkdirSync(folder, { recursive: true })
const only = values.only?.split(',')

const served = await buildTestingPage()
const browser = await launchChromium()
try {
  for (const size of values.sizes.split(',') as (keyof typeof sizes)[]) {
    for (const theme of values.themes.split(',') as ('light' | 'dark')[]) {
      const context = await browser.newContext({ viewport: sizes[size], reducedMotion: 'reduce', colorScheme: theme })
      await served.showIn(context)
      const page = await context.newPage()
      page.on('pageerror', (error) => console.error(`page error: ${error.message}`))
      page.on('console', (message) => {
        if (message.type() === 'error') console.error(`console: ${message.text()}`)
      })
      for (const scene of scenes.filter(({ name }) => only === undefined || only.includes(name))) {
        try {
          await goTo(page, served.url, scene, theme)
          await page.waitForTimeout(250)
        } catch (error) {
          console.error(`${scene.name} ${theme} ${size}: ${error instanceof Error ? error.message : String(error)}`)
        }
        const name = [scene.name, theme, size === 'wide' ? '' : size].filter((part) => part !== '').join('-')
        await page.screenshot({ path: join(folder, `${name}.png`) })
      }
      await context.close()
    }
  }
} finally {
  await browser.close()
  await served.close()
}

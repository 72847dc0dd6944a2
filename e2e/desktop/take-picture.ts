import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright'

const folder = join(import.meta.dirname, '..', '..', 'test-results', 'desktop')

/** Keeps a picture of the window as an artefact of the run: `test-results/desktop/NAME.png`. */
export async function takePicture(page: Page, name: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`) })
}

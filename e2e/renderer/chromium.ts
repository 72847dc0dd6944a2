import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright'

/** Path of the browser that the system has. */
export const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
)

/** A browser that draws the same pixels every time. Containers run as root, where Chromium's sandbox cannot start. */
export const launchChromium = (...more: readonly string[]): Promise<Browser> =>
  chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: [
      '--font-render-hinting=none',
      '--disable-lcd-text',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...more,
    ],
  })

import { chromiumPath, launchChromium } from '../renderer/chromium.ts'
import { openWatchedPage } from '../support/browser.ts'
import { tellStory } from '../support/story.ts'

tellStory('in a browser', async () => {
  if (chromiumPath === undefined) return { missing: 'needs Chromium' }
  const browser = await launchChromium()
  const watched = await openWatchedPage(browser, 'story')
  return {
    ...watched,
    open: (host) => watched.openHost(host),
    reopen: (host) => watched.openHost(host),
    paste: (field, text) => field.fill(text),
    close: () => browser.close(),
  }
})

import { describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { busyWorld } from '../../testing/busy-world.ts'
import { openPage } from '../../testing/open-page.tsx'

const words = 'Other machines can reach it.'

describe('a forward that listens on more than this machine', () => {
  it('says so while it is made', async () => {
    openPage(busyWorld(), '/forwards/new')
    const bind = page.getByRole('textbox', { name: 'Listen on 1' })
    await expect.element(bind).toHaveValue('127.0.0.1')
    expect(page.getByText(words).query()).toBeNull()
    await bind.fill('0.0.0.0')
    await expect.element(page.getByText(words)).toBeVisible()
  })

  it('says so in the list and in its ports', async () => {
    const world = busyWorld()
    const [forward] = world.forwards
    if (forward === undefined) throw new Error('the world has no forward')
    world.forwards = [{ ...forward, ports: forward.ports.map((port) => ({ ...port, bind: '192.168.1.4' })) }]
    openPage(world, `/forwards/${forward.id}`)
    await expect.element(page.getByRole('row').getByText(words)).toBeInTheDocument()
    await expect.element(page.getByRole('complementary').getByText(words).first()).toBeVisible()
  })
})

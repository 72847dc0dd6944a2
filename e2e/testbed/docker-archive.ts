import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { mustRun } from './run-command.ts'

export type ImageConfig = {
  entrypoint: readonly string[]
  command?: readonly string[]
  environment?: readonly string[]
}

async function checksum(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/**
 * Writes a one-layer image in the docker-archive format, which `ctr image import` reads: no registry and no image
 * builder is involved. Owners and modes of `rootFolder` are kept as they are.
 * @param reference full image name with its tag, as pods will use it
 */
export async function writeDockerArchive(
  target: string,
  reference: string,
  rootFolder: string,
  config: ImageConfig,
): Promise<void> {
  const folder = await fs.mkdtemp(`${target}.tmp-`)
  try {
    const layer = path.join(folder, 'layer.tar')
    await mustRun('tar', ['--sort=name', '--mtime=@0', '--numeric-owner', '-C', rootFolder, '-cf', layer, '.'])
    const layerSum = await checksum(layer)
    await fs.rename(layer, path.join(folder, `${layerSum}.tar`))
    const image = JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: {
        Entrypoint: config.entrypoint,
        Cmd: config.command ?? [],
        Env: ['PATH=/usr/bin:/bin', ...(config.environment ?? [])],
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${layerSum}`] },
    })
    const imageSum = createHash('sha256').update(image).digest('hex')
    await fs.writeFile(path.join(folder, `${imageSum}.json`), image)
    const manifest = [{ Config: `${imageSum}.json`, RepoTags: [reference], Layers: [`${layerSum}.tar`] }]
    await fs.writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest))
    await mustRun('tar', ['-C', folder, '-cf', target, 'manifest.json', `${imageSum}.json`, `${layerSum}.tar`])
  } finally {
    await fs.rm(folder, { recursive: true, force: true })
  }
}

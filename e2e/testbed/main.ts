import fs from 'node:fs/promises'
import { endBeds } from './end-beds.ts'
import { startTestbed, type TestCluster } from './testbed.ts'
import { gracefulDeployment, service } from './workloads.ts'

const USAGE = `usage: testbed up [--json]   brings up clusters A and B and stays until it is told to end (Ctrl-C)
       testbed down [N ...]  ends the beds with these numbers, or every bed of this user, and proves that nothing is left`

/** Something to forward to: whoever plays has no registry of images to take it from. */
async function addShop(cluster: TestCluster): Promise<void> {
  const [namespace, name] = ['shop', 'web']
  await cluster.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    gracefulDeployment(namespace, name),
    service({ namespace, name }),
  )
  await cluster.waitForPods(namespace, `app=${name}`, 2)
}

async function up(json: boolean): Promise<void> {
  const started = performance.now()
  const bed = await startTestbed()
  const { description } = bed
  if (!json) await Promise.all([addShop(bed.a), addShop(bed.b)])
  console.error(`test bed ${description.number}: up in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  if (json) {
    console.log(JSON.stringify(description))
  } else {
    console.log(`cluster A (${description.containers ? 'real containers' : 'fake nodes: not root'})`)
    console.log(`  export KUBECONFIG=${description.a.kubeconfig}`)
    console.log(`cluster B (fake nodes)\n  export KUBECONFIG=${description.b.kubeconfig}`)
    console.log(`kubectl\n  ${description.kubectl}`)
    console.log(`users: ${Object.keys(description.a.users).join(' ')}`)
    console.log(`  one file each, in ${description.a.folder}/users and ${description.b.folder}/users`)
    console.log('in both: svc/web in namespace shop, two pods; its port http says who answers')
    console.log('Ctrl-C ends both.')
  }
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve())
    // Clusters that end by themselves (`down` from elsewhere) take us along.
    const watch = setInterval(() => {
      fs.access(description.folder).catch(() => {
        clearInterval(watch)
        resolve()
      })
    }, 1000)
  })
  await bed.close()
  process.exit(0)
}

const [verb, ...flags] = process.argv.slice(2)
if (verb === 'up' && flags.every((flag) => flag === '--json')) {
  await up(flags.includes('--json')).catch((error: unknown) => {
    console.error(`testbed: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  })
} else if (verb === 'down' && flags.every((flag) => /^\d+$/.test(flag))) {
  const left = await endBeds(flags.map(Number))
  for (const line of left) console.error(`left over: ${line}`)
  process.exitCode = left.length === 0 ? 0 : 1
} else if (verb === 'help' || verb === '--help' || verb === '-h') {
  console.log(USAGE)
} else {
  console.error(USAGE)
  process.exitCode = 2
}

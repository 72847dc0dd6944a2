import { Command } from 'commander'
import { createClient, type Client } from '../contract/client.ts'
import type { AppError, Result } from '../contract/errors.ts'
import type { Cluster } from '../contract/clusters.ts'
import type { Forward, PortInput, Target } from '../contract/forwards.ts'
import { lookAtDataFolder } from './core/store/data-folder.ts'
import { defaultDataDir } from './core/store/default-data-dir.ts'
import { readOwner } from './core/store/owner-file.ts'
import { addForward, parsePort, parseTarget } from './cli/forward-arguments.ts'
import { kubeconfigSource } from './cli/kubeconfig-source.ts'
import { exitCode, Stop } from './cli/stop.ts'
import { whyNotLive, clusterRows, forwardRows, ladderWords, riskWords, statusWords, table } from './cli/tables.ts'
import { errorText } from './error-text.ts'
import { createLocalTransport } from './http/local-client.ts'
import { Log, stderrSink } from './core/log.ts'
import { handleCrashes } from './crash-handler.ts'
import { version } from './version.ts'

/** Where a next step has a word of its own on the command line. */
const here: Partial<Record<AppError['code'], string>> = {
  'command-not-allowed':
    " Here: --allow-command 'THE COMMAND WITH ITS ARGUMENTS', or --context with the names of the others.",
  'cluster-in-use': ' Here: --with-forwards removes them as well.',
}

const stopFor = (error: AppError, code: number): Stop =>
  new Stop(`${errorText(error)}${here[error.code] ?? ''}`, '', code)

async function value<T>(answer: Promise<Result<T>>): Promise<T> {
  const result = await answer
  if (result.ok) return result.value
  // A file about an owner that was killed is still there; nobody tries again here.
  throw result.error.code === 'owner-lost'
    ? notRunning('Mooring does not answer.')
    : stopFor(result.error, exitCode.failed)
}

const notRunning = (what: string): Stop =>
  new Stop(
    what,
    'Start it with `npm start` (or `npm run serve` without a window); if it was started with --data-dir, give the same here.',
    exitCode.notRunning,
  )

const print = (text: string): boolean => process.stdout.write(`${text}\n`)
/** For people, not for what reads our output. */
const note = (json: boolean | undefined, lines: readonly string[]): void => {
  if (json !== true && lines.length > 0) process.stderr.write(`${lines.join('\n')}\n`)
}
const printAs = (json: boolean | undefined, data: unknown, words: () => string): boolean =>
  print(json === true ? JSON.stringify(data, null, 2) : words())

const addUsage = { cluster: 'clusters add FILE', forward: 'forwards add CLUSTER TARGET PORT' } as const

/** Finds one thing by id, or by name where only one has it. */
function find<T extends { id: string; name: string }>(
  kind: keyof typeof addUsage,
  list: readonly T[],
  wanted: string,
): T {
  const found = list.filter((item) => item.id === wanted || item.name === wanted)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const names = list.map((item) => item.name).join(', ')
  if (only === undefined)
    throw new Stop(
      `There is no ${kind} ${wanted}.`,
      names === '' ? `Add one: ${addUsage[kind]}` : `Name one of these: ${names}.`,
      exitCode.failed,
    )
  throw new Stop(
    `Several ${kind}s are named ${wanted}.`,
    `Use an id: ${found.map((item) => item.id).join(', ')}.`,
    exitCode.failed,
  )
}

type Global = { dataDir: string }
type Json = { json?: boolean }

const program = new Command('mooring')
  .description('Talks to the Mooring that runs for this user.')
  .option('--data-dir <folder>', 'data folder of the Mooring to talk to', defaultDataDir())
  .version(version)
  .showHelpAfterError('Add --help to see how it is used.')
  .addHelpText(
    'after',
    `
For example:
  clusters add ~/.kube/config --context staging
  forwards add staging svc/web 8080:http -n shop
  test staging

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 Mooring is not running, 4 the cluster is not connected.`,
  )
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? exitCode.ok : exitCode.usage)
  })

/** Runs `act` with a client of the running owner. */
async function attached(act: (client: Client) => Promise<void>): Promise<void> {
  const { dataDir } = program.opts<Global>()
  const folder = lookAtDataFolder(dataDir)
  if (!folder.ok) throw stopFor(folder.error, exitCode.failed)
  const owner = folder.value === null ? null : readOwner(folder.value.dir)
  if (owner?.socketPath === undefined || owner.socketPath === null) throw notRunning('Mooring is not running.')
  const transport = createLocalTransport(owner.socketPath)
  try {
    await act(createClient(transport))
  } finally {
    await transport.close()
  }
}

const clusters = program.command('clusters').description('clusters that are stored')
clusters
  .command('list', { isDefault: true })
  .description('list them; the same without a word')
  .option('--json', 'print JSON')
  .action((options: Json) =>
    attached(async (client) => {
      const list = await value(client.clusters.list())
      printAs(options.json, list, () => table(clusterRows(list)))
      if (list.length === 0) note(options.json, ['No clusters yet. Add those of a kubeconfig: clusters add FILE'])
    }),
  )
clusters
  .command('add')
  .description('add contexts of a kubeconfig file')
  .argument('<file>', 'kubeconfig; - reads standard input')
  .option('--context <name...>', 'only these contexts')
  .option('--allow-command <command line...>', 'credential commands that may run')
  .option('--embed-file <path...>', 'referenced files to take into the stored kubeconfig')
  .option('--json', 'print JSON')
  .action((file: string, options: Json & { context?: string[]; allowCommand?: string[]; embedFile?: string[] }) =>
    attached(async (client) => {
      const source = await kubeconfigSource(file)
      const preview = await value(client.kubeconfigs.preview(source))
      if (preview.verdict === 'error') throw new Stop(riskWords(null, preview.problems).join('\n'), '', exitCode.failed)
      const names =
        options.context ?? preview.contexts.filter((context) => context.addable).map((context) => context.context)
      const added = await value(
        client.clusters.add({
          ...source,
          contexts: names.map((context) => ({ context })),
          ...(options.allowCommand === undefined ? {} : { allowCommands: options.allowCommand }),
          ...(options.embedFile === undefined ? {} : { embedFiles: options.embedFile }),
        }),
      )
      printAs(options.json, added, () => table(clusterRows(added)))
      for (const { context, risks, duplicateOf } of preview.contexts.filter(({ context }) => names.includes(context))) {
        // Whoever allowed its command, or it would not be here, knows that one.
        note(
          options.json,
          riskWords(
            context,
            risks.filter(({ code }) => code !== 'exec'),
          ),
        )
        if (duplicateOf !== null) note(options.json, [`${context}: it was stored before, as ${duplicateOf.name}.`])
      }
    }),
  )

clusters
  .command('remove')
  .description('remove clusters; kubeconfig files stay as they are')
  .argument('<cluster...>', 'name or id')
  .option('--with-forwards', 'remove their forwards as well')
  .action((wanted: string[], options: { withForwards?: boolean }) =>
    attached(async (client) => {
      const list = await value(client.clusters.list())
      // All of them are found before the first is touched: a slip of the pen does nothing.
      for (const { id, name } of wanted.map((one) => find('cluster', list, one))) {
        await value(
          client.clusters.remove({ id, ...(options.withForwards === true ? { removeForwards: 'true' } : {}) }),
        )
        print(`${name}: removed`)
      }
    }),
  )

program
  .command('test')
  .description('test the connection to a cluster, step by step')
  .argument('<cluster>', 'name or id')
  .option('--json', 'print JSON')
  .action((wanted: string, options: Json) =>
    attached(async (client) => {
      const cluster: Cluster = find('cluster', await value(client.clusters.list()), wanted)
      const test = await value(client.clusters.test({ id: cluster.id }))
      printAs(options.json, test, () => ladderWords(cluster.name, test))
      if (test.status !== 'connected') process.exitCode = exitCode.notConnected
    }),
  )

const forwards = program.command('forwards').description('port-forwards')
forwards
  .command('list', { isDefault: true })
  .description('list them; the same without a word')
  .option('--json', 'print JSON')
  .action((options: Json) =>
    attached(async (client) => {
      const [list, names] = [await value(client.forwards.list()), await value(client.clusters.list())]
      printAs(options.json, list, () =>
        [table(forwardRows(list, names)), whyNotLive(list)].filter(Boolean).join('\n\n'),
      )
      if (list.length === 0)
        note(options.json, ['No forwards yet. For example: forwards add CLUSTER svc/web 8080:http'])
    }),
  )
const done = { start: 'on', stop: 'off', restart: 'starting again', remove: 'removed' } as const
for (const verb of ['start', 'stop', 'restart', 'remove'] as const) {
  forwards
    .command(`${verb} <forward...>`)
    .description(`${verb} forwards, by name or id`)
    .action((wanted: string[]) =>
      attached(async (client) => {
        const list: Forward[] = await value(client.forwards.list())
        // All of them are found before the first is touched: a slip of the pen does nothing.
        for (const forward of wanted.map((one) => find('forward', list, one))) {
          await value(client.forwards[verb]({ id: forward.id }) as Promise<Result<unknown>>)
          print(`${forward.name}: ${done[verb]}`)
        }
      }),
    )
}
forwards
  .command('add')
  .description('add a forward')
  .argument('<cluster>', 'name or id')
  .argument('<target>', 'kind/name: pod/x, svc/x, deploy/x ...; a name alone is a pod; or labels: app=x', parseTarget)
  .argument(
    '<port...>',
    'LOCAL:REMOTE, or REMOTE alone: a free local port is chosen and kept',
    (text: string, before?: PortInput[]) => [...(before ?? []), parsePort(text)],
  )
  .option('-n, --namespace <name>', "namespace; the cluster's own unless said")
  .option('--name <name>', 'name of the forward')
  .option('--off', 'store it without starting it')
  .option('--json', 'print JSON')
  .action(
    (
      wanted: string,
      target: Target,
      ports: PortInput[],
      options: Json & { namespace?: string; name?: string; off?: boolean },
    ) =>
      attached(async (client) => {
        const cluster: Cluster = find('cluster', await value(client.clusters.list()), wanted)
        const input = addForward({
          clusterId: cluster.id,
          namespace: options.namespace ?? cluster.namespace,
          target,
          ports,
          name: options.name,
          off: options.off === true,
        })
        const forward = await value(client.forwards.create(input))
        printAs(options.json, forward, () => table(forwardRows([forward], [cluster])))
      }),
  )

program
  .command('status')
  .description('what runs and how it is')
  .option('--json', 'print JSON')
  .action((options: Json) =>
    attached(async (client) => {
      const [app, vault, clusterList, forwardList] = [
        await value(client.app.status()),
        await value(client.vault.status()),
        await value(client.clusters.list()),
        await value(client.forwards.list()),
      ]
      printAs(options.json, { app, vault, clusters: clusterList, forwards: forwardList }, () =>
        statusWords(app, vault, clusterList, forwardList),
      )
    }),
  )

handleCrashes({ log: () => new Log([stderrSink]), end: () => Promise.resolve() })
try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof Stop ? error.code : exitCode.failed
}

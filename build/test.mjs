// `npm test`: everything, with the real components. Installs what it needs, says each step, and ends with one line that
// sums all suites: `N passed, N failed, N skipped`.
// Usage: node build/test.mjs [suite ...]   (suites: check unit component e2e desktop; all when none is named)
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { checks, runChecks } from './check.mjs'
import { productNode, root, run, say } from './node.mjs'
import { prepare } from './prepare.mjs'
import { installSystemPackages } from './system-packages.mjs'

const suites = [
  { name: 'unit', config: 'vitest.config.ts' },
  { name: 'component', config: 'renderer/vitest.browser.config.ts' },
  { name: 'e2e', config: 'e2e/vitest.config.ts' },
  { name: 'desktop', config: 'e2e/vitest.desktop.config.ts' },
]

const total = { passed: 0, failed: 0, skipped: 0 }
const failures = []

function count(report, suite) {
  total.passed += report.numPassedTests
  total.failed += report.numFailedTests
  total.skipped += report.numPendingTests + report.numTodoTests
  for (const file of report.testResults) {
    // A file that could not even be read counts as one failure.
    if (file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')) {
      total.failed += 1
      failures.push(`${suite}: ${file.name.replace(`${root}/`, '')}: ${file.message.split('\n')[0]}`)
    }
    for (const test of file.assertionResults) {
      const name = `${suite}: ${test.fullName}`
      if (test.status === 'failed') failures.push(name)
      if (test.status === 'skipped' || test.status === 'pending') console.log(`did not run: ${name}`)
    }
  }
}

async function runSuite({ name, config }) {
  say(`running the ${name} tests ...`)
  const began = performance.now()
  const output = join(root, 'test-results', `${name}.json`)
  rmSync(output, { force: true })
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const args = [
    vitest,
    'run',
    '--config',
    config,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
  ]
  const code = await run(productNode(), args, { stdio: ['ignore', 1, 2] })
  if (existsSync(output)) count(JSON.parse(readFileSync(output, 'utf8')), name)
  else {
    total.failed += 1
    failures.push(`${name}: the suite did not finish`)
  }
  if (code !== 0 && failures.length === 0) {
    total.failed += 1
    failures.push(`${name}: the suite ended with code ${code} although no test failed`)
  }
  say(`${name} tests took ${((performance.now() - began) / 60_000).toFixed(1)} min`)
}

try {
  const asked = process.argv.slice(2)
  const wants = (name) => asked.length === 0 || asked.includes(name)
  await prepare()
  mkdirSync(join(root, 'test-results'), { recursive: true })
  await installSystemPackages()
  if (wants('check')) {
    for (const result of await runChecks(checks)) {
      total[result.ok ? 'passed' : 'failed'] += 1
      if (!result.ok) failures.push(`check: ${result.name}`)
    }
  }
  for (const suite of suites) if (wants(suite.name)) await runSuite(suite)
} catch (error) {
  say(error.message)
  total.failed += 1
  failures.push(error.message)
}
for (const failure of failures) console.log(`failed: ${failure}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1

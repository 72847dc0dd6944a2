/** The path says what a file may import (docs/architecture.md); each rule names one boundary. */
const specs = '\\.(spec|testing)\\.tsx?$'
export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'contract-imports-only-zod',
      severity: 'error',
      from: { path: '^contract/', pathNot: specs },
      to: { pathNot: '^(contract/|node_modules/zod/)' },
    },
    {
      name: 'network-imports-contract-and-undici',
      severity: 'error',
      from: { path: '^network/', pathNot: specs },
      to: { pathNot: '^(contract/|network/|node_modules/undici/)', dependencyTypesNot: ['core'] },
    },
    {
      name: 'core-knows-no-shell-http-renderer-sidecar',
      severity: 'error',
      from: { path: '^electron/core/', pathNot: specs },
      to: { path: '^(electron/(shell|http)/|electron/[^/]+\\.ts$|renderer/|sidecar/|e2e/)' },
    },
    {
      name: 'core-never-imports-electron-react-ws',
      severity: 'error',
      from: { path: '^electron/core/', pathNot: specs },
      to: { path: '^(electron$|node_modules/(electron|react|react-dom|ws)/)' },
    },
    {
      name: 'only-shell-imports-electron',
      severity: 'error',
      from: { path: '^(contract|electron|sidecar|renderer)/', pathNot: '^electron/(shell/|main\\.ts|preload\\.ts)' },
      to: { path: '^(electron$|node_modules/electron/)' },
    },
    {
      name: 'shell-imports-core-contract-electron-and-zod',
      severity: 'error',
      from: { path: '^electron/shell/', pathNot: specs },
      to: {
        pathNot: '^(contract/|electron/(core|shell)/|electron$|node_modules/(electron|zod)/)',
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'http-imports-core-contract-and-ws',
      severity: 'error',
      from: { path: '^electron/http/', pathNot: specs },
      to: { pathNot: '^(contract/|electron/(core|http)/|node_modules/(@types/)?ws/)', dependencyTypesNot: ['core'] },
    },
    {
      name: 'sidecar-imports-contract-network-and-undici',
      severity: 'error',
      from: { path: '^sidecar/', pathNot: specs },
      to: { pathNot: '^(contract/|network/|sidecar/|node_modules/undici/)', dependencyTypesNot: ['core'] },
    },
    {
      name: 'renderer-imports-contract-and-ui-packages',
      severity: 'error',
      from: { path: '^renderer/src/' },
      to: { path: '^(electron|network|sidecar|e2e|bench|build)/|node_modules/(better-sqlite3|keytar|ws|undici)/' },
    },
    {
      name: 'renderer-has-no-node',
      severity: 'error',
      from: { path: '^renderer/src/', pathNot: specs },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'nothing-imports-renderer-e2e-bench-or-build',
      severity: 'error',
      from: { path: '^(contract|network|electron|sidecar)/', pathNot: specs },
      to: { path: '^(renderer|e2e|bench|build)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.mjs', '.js'] },
  },
}

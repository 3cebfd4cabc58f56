// Who may import whom. The pure layers import nothing of Node's and no package; each heavy package has one importing file.
const layer = (name, from, notTo) => ({ name, severity: 'error', from: { path: from }, to: { path: notTo } });
const only = (name, pkg, file) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: file },
  to: { path: `node_modules/${pkg}/` },
});
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    layer('wire-knows-only-itself', '^src/wire/', '^src/(?!wire/)'),
    layer('ports-know-no-code', '^src/ports/', '^src/(adapters|cli|config|policy|core)/'),
    layer('audit-knows-wire-and-ports', '^src/audit/', '^src/(adapters|cli|config|policy|core|tenant)/'),
    layer('core-knows-wire-audit-policy-ports', '^src/core/', '^src/(adapters|cli|config|tenant)/'),
    layer('policy-knows-the-contract-only', '^src/policy/', '^src/(adapters|cli|config|tenant|audit)/'),
    layer('config-knows-no-adapter', '^src/config/', '^src/(adapters|cli|core)/'),
    layer('tenant-knows-only-itself', '^src/tenant/', '^src/(?!tenant/)'),
    // Below identity nothing can name a tenant's place: it is handed a directory, or a store.
    layer('only-the-edge-opens-tenants', '^src/(wire|ports|core|policy|audit|config)/', '^src/tenant/'),
    layer('adapters-know-no-command', '^src/adapters/', '^src/cli/'),
    {
      name: 'pure-layers-use-no-node',
      severity: 'error',
      from: { path: '^src/(core|policy|audit)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'wire-uses-only-buffer',
      severity: 'error',
      from: { path: '^src/wire/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?buffer$' },
    },
    {
      name: 'pure-layers-use-no-package',
      severity: 'error',
      from: { path: '^src/(core|policy|audit|wire)/' },
      to: { path: 'node_modules' },
    },
    only('one-importer-of-execa', 'execa', '^src/adapters/(spawn-upstream|windows-upstream)\\.ts$'),
    only(
      'one-importer-of-zod',
      'zod',
      '^src/config/(schema|schema-(breaker|ceiling|scope|words)|read-shape|known-keys)\\.ts$',
    ),
    only('one-importer-of-cosmiconfig', 'cosmiconfig', '^src/config/parse-config\\.ts$'),
    only('one-importer-of-chalk', 'chalk', '^src/cli/render\\.ts$'),
    only('one-importer-of-lowdb', 'lowdb', '^src/adapters/state-document\\.ts$'),
    only('one-importer-of-fs-native-extensions', 'fs-native-extensions', '^src/adapters/kernel-lock\\.ts$'),
    only('one-importer-of-jose', 'jose', '^src/adapters/jwt-token\\.ts$'),
    only('one-importer-of-redis', 'redis', '^src/adapters/redis-link\\.ts$'),
    only('one-importer-of-re2js', 're2js', '^src/adapters/re2-pattern\\.ts$'),
    only(
      'one-importer-of-commander',
      'commander',
      '^src/cli/program(-(scope|approve|limits|running|tenant|token))?\\.ts$',
    ),
    only('one-importer-of-the-sdk', '@modelcontextprotocol/sdk', '^src/cli/demo.*\\.ts$'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};

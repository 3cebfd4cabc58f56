// Builds dist/. `run` is one CommonJS file with its compiled code beside it, because hosts start every server twice and
// reading code is most of a start; the other commands are files of their own that are loaded when they are chosen. Built aside and
// swapped in, so that a guard that starts meanwhile finds a whole program.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

if (process.argv.includes('--make-code-cache')) {
  const { cacheOf, load } = createRequire(import.meta.url)('./bin/load.js');
  const answer =
    'require("readline").createInterface(process.stdin).on("line",l=>console.log(JSON.stringify({jsonrpc:"2.0",id:JSON.parse(l).id,result:{content:[]}})))';
  const { program, makeCaches } = load({ useCache: false });
  const config = process.env.MCP_GUARD_BUILD_CONFIG;
  const flags = config === undefined ? ['--log-level', 'error'] : ['--log-level', 'error', '--config', config];
  process.argv = [process.execPath, 'mcp-guard', 'run', ...flags, '--', process.execPath, '-e', answer];
  process.on('exit', () => {
    // The first session, without a config, has made what belongs to the program itself.
    for (const { name, bytes } of makeCaches()) {
      if (!existsSync(cacheOf(name))) writeFileSync(cacheOf(name), bytes, { mode: 0o644 });
    }
  });
  await program.start();
}

const ASIDE = `dist.${process.pid}.new`;
const OLD = `dist.${process.pid}.old`;
/** Loaded when it is needed: what a bare `run` does without. */
const LATER = {
  'approve-commands': 'src/cli/approve-commands.ts',
  'audit-commands': 'src/cli/audit-commands.ts',
  'breaker-commands': 'src/cli/breaker-commands.ts',
  'breaker-write': 'src/adapters/breaker-write.ts',
  canaries: 'src/cli/canaries.ts',
  'config-commands': 'src/cli/config-commands.ts',
  'confine-server': 'src/adapters/confine-server.ts',
  'creep-commands': 'src/cli/creep-commands.ts',
  'init-commands': 'src/cli/init-commands.ts',
  'inventory-write': 'src/adapters/inventory-write.ts',
  'issuer-keys': 'src/adapters/issuer-keys.ts',
  'jwt-token': 'src/adapters/jwt-token.ts',
  'limits-commands': 'src/cli/limits-commands.ts',
  'lint-commands': 'src/cli/lint-commands.ts',
  'limit-store-redis': 'src/adapters/limit-store-redis.ts',
  'load-config': 'src/config/load-config.ts',
  'policy-diff': 'src/policy/lock/policy-diff.ts',
  're2-pattern': 'src/adapters/re2-pattern.ts',
  'run-fleet': 'src/cli/run-fleet.ts',
  program: 'src/cli/program.ts',
  'run-identity': 'src/cli/run-identity.ts',
  'run-limits': 'src/cli/run-limits.ts',
  'run-lock': 'src/cli/run-lock.ts',
  'run-reload': 'src/cli/run-reload.ts',
  'run-files': 'src/adapters/run-files.ts',
  'scope-commands': 'src/cli/scope-commands.ts',
  'tenant-add-command': 'src/cli/tenant-add-command.ts',
  'tenant-commands': 'src/cli/tenant-commands.ts',
  'secret-providers': 'src/adapters/secret-providers.ts',
  'status-commands': 'src/cli/status-commands.ts',
  'state-document': 'src/adapters/state-document.ts',
  'token-commands': 'src/cli/token-commands.ts',
  demo: 'src/cli/demo.ts',
  masker: 'src/audit/redact/masker.ts',
};
const laterModules = {
  name: 'later-modules',
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ path, kind }) => {
      const name = basename(path, '.ts');
      return kind === 'dynamic-import' && name in LATER ? { path: `./${name}.cjs`, external: true } : undefined;
    });
  },
};

await build({
  entryPoints: { main: 'src/cli/main.ts', ...LATER },
  outdir: ASIDE,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.17',
  // Compiled code that comes out of a cache cannot `import()`, but it can `require`.
  supported: { 'dynamic-import': false },
  // What is not there need not be read.
  minify: true,
  legalComments: 'linked',
  external: ['@modelcontextprotocol/sdk', 'typescript', '@napi-rs/keyring', 'fs-native-extensions'],
  plugins: [laterModules],
});

try {
  renameSync('dist', OLD);
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}
renameSync(ASIDE, 'dist');
rmSync(OLD, { recursive: true, force: true });
makeCodeCaches();

/** Runs two small sessions, so that what a session uses is compiled, and keeps that. Without it everything works, slower. */
function makeCodeCaches() {
  const home = mkdtempSync(join(tmpdir(), 'mcp-guard-build-'));
  const config = join(home, 'mcp-guard.config.json');
  const scopes = { all: { grants: [{ tool: '*', args: { '/x': { maxLength: 9, optional: true } } }] } };
  const server = { command: 'unused', scope: 'all', mode: 'observe' };
  const document = { version: 1, unlisted: 'observe', servers: { one: server }, scopes };
  writeFileSync(config, JSON.stringify(document), { mode: 0o600 });
  try {
    makeCodeCache({ HOME: home, MCP_GUARD_STATE_DIR: join(home, 'bare') });
    makeCodeCache({ HOME: home, MCP_GUARD_STATE_DIR: join(home, 'state'), MCP_GUARD_BUILD_CONFIG: config });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function makeCodeCache(env) {
  const calls = Array.from({ length: 50 }, (_, id) => ({
    id,
    method: 'tools/call',
    params: { name: 'x', arguments: {} },
  }));
  const messages = [{ id: 'i', method: 'initialize', params: { clientInfo: { name: 'b', version: '1' } } }, ...calls];
  const made = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--make-code-cache'], {
    input: messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join(''),
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  if (made.status !== 0) throw new Error(`the code cache could not be made: exit status ${made.status}`);
}

// Builds dist/. `run` is one CommonJS file with its compiled code beside it, because hosts start every server twice and
// reading code is most of a start; the other commands are files of their own that are loaded when they are chosen. Built aside and
// swapped in, so that a guard that starts meanwhile finds a whole program.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

if (process.argv.includes('--make-code-cache')) {
  const { CACHE, load } = createRequire(import.meta.url)('./bin/load.js');
  const answer =
    'require("readline").createInterface(process.stdin).on("line",l=>console.log(JSON.stringify({jsonrpc:"2.0",id:JSON.parse(l).id,result:{content:[]}})))';
  const { program, makeCache } = load({ useCache: false });
  process.argv = [process.execPath, 'mcp-guard', 'run', '--log-level', 'error', '--', process.execPath, '-e', answer];
  process.on('exit', () => writeFileSync(CACHE, makeCache(), { mode: 0o644 }));
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
  'config-commands': 'src/cli/config-commands.ts',
  'creep-commands': 'src/cli/creep-commands.ts',
  'init-commands': 'src/cli/init-commands.ts',
  'inventory-write': 'src/adapters/inventory-write.ts',
  'lint-commands': 'src/cli/lint-commands.ts',
  'load-config': 'src/config/load-config.ts',
  're2-pattern': 'src/adapters/re2-pattern.ts',
  'run-lock': 'src/cli/run-lock.ts',
  'scope-commands': 'src/cli/scope-commands.ts',
  demo: 'src/cli/demo.ts',
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
  external: ['@modelcontextprotocol/sdk', 'typescript'],
  plugins: [laterModules],
});

try {
  renameSync('dist', OLD);
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}
renameSync(ASIDE, 'dist');
rmSync(OLD, { recursive: true, force: true });
makeCodeCache();

/** Runs one small session, so that what a session uses is compiled, and keeps that. Without it everything works, slower. */
function makeCodeCache() {
  const state = mkdtempSync(join(tmpdir(), 'mcp-guard-build-'));
  const calls = Array.from({ length: 50 }, (_, id) => ({
    id,
    method: 'tools/call',
    params: { name: 'x', arguments: {} },
  }));
  const messages = [{ id: 'i', method: 'initialize', params: { clientInfo: { name: 'b', version: '1' } } }, ...calls];
  const made = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--make-code-cache'], {
    input: messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join(''),
    env: { PATH: process.env.PATH, HOME: state, MCP_GUARD_STATE_DIR: join(state, 'state') },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  rmSync(state, { recursive: true, force: true });
  if (made.status !== 0) throw new Error(`the code cache could not be made: exit status ${made.status}`);
}

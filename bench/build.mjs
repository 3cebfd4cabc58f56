// Builds dist/: one small chunk per command, so that `run` loads nothing that it does not need. Built aside and swapped
// in, so that a guard that starts meanwhile finds a whole program.
import { renameSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const ASIDE = `dist.${process.pid}.new`;
const OLD = `dist.${process.pid}.old`;
const result = await build({
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: ASIDE,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.17',
  // What is not there need not be parsed: a third of the start of `run` is reading its own code.
  minify: true,
  legalComments: 'linked',
  metafile: true,
  chunkNames: 'chunks/[name]-[hash]',
  external: ['@modelcontextprotocol/sdk', 'typescript'],
  // CommonJS dependencies inside an ES module bundle call `require` for Node's own modules.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
});
try {
  renameSync('dist', OLD);
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}
renameSync(ASIDE, 'dist');
rmSync(OLD, { recursive: true, force: true });
if (process.argv.includes('--sizes')) {
  for (const [file, { bytes }] of Object.entries(result.metafile.outputs))
    console.log(`${String(bytes).padStart(9)}  ${file}`);
}

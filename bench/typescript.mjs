// Loads a TypeScript module of this repository as it would run: bundled by esbuild. Measures nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The exports of several modules as one object. @param paths relative to the repository */
export async function loadTypeScript(...paths) {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-guard-bench-'));
  const outfile = join(directory, 'bundle.cjs');
  try {
    await build({
      stdin: { contents: paths.map((path) => `export * from './${path}';`).join('\n'), resolveDir: ROOT },
      outfile,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20.17',
      logLevel: 'error',
    });
    return createRequire(import.meta.url)(outfile);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

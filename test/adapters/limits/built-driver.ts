// driver.ts as one file that Node runs. Asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

export interface BuiltDriver {
  readonly path: string;
  remove(): void;
}

export async function buildDriver(): Promise<BuiltDriver> {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-guard-driver-'));
  const path = join(directory, 'driver.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'driver.ts')],
    outfile: path,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return { path, remove: () => rmSync(directory, { recursive: true }) };
}

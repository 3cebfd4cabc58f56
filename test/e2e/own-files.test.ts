// The official filesystem server counts relative paths from the directory that it is given, not from where it works: the files of the
// guard are out of its reach by every such path, and so is a config that is not there yet.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Yard } from './guarded.ts';

const FILESYSTEM = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js', import.meta.url),
);

test('no relative, long or indirect path leads the filesystem server to the files of the guard', async () => {
  const yard = new Yard();
  const shared = join(yard.home, 'shared');
  yard.state = join(shared, 'state');
  mkdirSync(join(shared, 'sub'), { recursive: true });
  const env = yard.env;
  yard.env = () => ({ ...env.call(yard), DATA_DIR: yard.state });
  const client = yard.start([process.execPath, FILESYSTEM, shared], ['--pass-env', 'DATA_DIR']);
  await client.initialize();
  let id = 10;
  const write = async (path: string): Promise<string> => {
    const params = { name: 'write_file', arguments: { path, content: 'version: 1' } };
    id += 1;
    return client.request(id, 'tools/call', JSON.stringify(params));
  };
  for (const path of [
    'state/planted',
    'sub/../state/planted',
    join(process.cwd(), 'mcp-guard.config.json'),
    '../mcp-guard.config.json',
    '~/.config/mcp-guard/config.json',
    '.config/mcp-guard/config.yml',
    // the server takes `..` back as text, and never opens what it takes back
    `/${'a'.repeat(1100)}/..${yard.state}/planted`,
    `/${'a/../'.repeat(1000)}${yard.state}/planted`,
    '$DATA_DIR/planted',
    `/proc/self/../self/root${yard.state}/planted`,
  ]) {
    expect(await write(path), path).toContain('own_path');
  }
  expect(existsSync(join(yard.state, 'planted'))).toBe(false);
  expect(await write(join(shared, 'notes.txt'))).not.toContain('own_path');
  expect(existsSync(join(shared, 'notes.txt'))).toBe(true);
  expect(await client.end()).toBe(0);
  expect(await yard.close()).toEqual([]);
});

// `breaker status --watch` in a pipe whose reader leaves (`| head`): an ending like any other, and nothing on stderr.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Yard } from './guarded.ts';
import { eachInYard } from './yards.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

it.each([[[]], [['--json']]])('ends with 0 when it next has something to say: %j', async (flags) => {
  const order = (word: string) => yard.command('breaker', word, 'srv/tool', '--reason', 'for a test').status;
  expect(order('isolate')).toBe(0);
  const args = [BIN, 'breaker', 'status', '--watch', ...flags];
  const child = spawn(process.execPath, args, { env: yard.env(), cwd: yard.home, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close');
  const [first] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]; // what `data` tells
  expect(first).toContain('isolated');
  child.stdout.destroy();
  expect(order('close')).toBe(0);
  expect(await ended).toEqual([0, null]);
  expect(stderr).toBe('');
});

// What a server says on stderr, and noise on stdout, is shown without its secrets, wherever it was cut; so is the guard's own log.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createGuardLog } from '../../src/adapters/guard-log.ts';
import { NoiseRelay } from '../../src/adapters/noise-relay.ts';
import { createMasker } from '../../src/audit/redact/masker.ts';
import { openSecrecy } from '../../src/cli/secrecy.ts';

const SECRET = 'ghp_0123456789abcdef';
const masker = createMasker([{ name: 'KEY', value: SECRET }]);

async function relayed(chunks: readonly string[]): Promise<string> {
  let said = '';
  const relay = new NoiseRelay({
    masker,
    now: () => 0,
    timers: { after: () => () => {} },
    writeError: (text) => {
      said += text;
    },
  });
  const stderr = new PassThrough();
  relay.relay('srv', stderr);
  for (const chunk of chunks) {
    stderr.write(chunk);
    await turn();
  }
  stderr.end();
  await new Promise((done) => stderr.once('end', done));
  await turn();
  return said;
}

test('across chunks, and at the end without a line break', async () => {
  expect(await relayed(['one ', SECRET.slice(0, 9), SECRET.slice(9), '\ntwo ', SECRET])).toBe(
    '[srv] one [secret KEY]\n[srv] two [secret KEY]\n',
  );
});

test('where a long line is cut to be shown', async () => {
  for (const before of [1990, 1999, 2000]) {
    const said = await relayed(['x'.repeat(before), SECRET, 'y'.repeat(3000)]);
    expect(said).not.toContain(SECRET.slice(0, 8));
    expect(said).not.toContain(SECRET.slice(-8));
  }
});

test('as Base64 that a program has wrapped, in whichever chunks the lines come', async () => {
  const text = Buffer.from(`${'x'.repeat(50)}${SECRET}${'y'.repeat(40)}`)
    .toString('base64')
    .replace(/.{76}/g, '$&\n');
  expect(text.split('\n')[0]).toHaveLength(76);
  for (const chunks of [[`${text}\nend\n`], [...text.split(/(?<=\n)/), '\nend\n'], [...text, '\nend\n']]) {
    const said = await relayed(chunks);
    expect(said).toMatch(/^\[srv\] \w+\[secret KEY\]\w+=*\n\[srv\] end\n$/);
    expect(Buffer.from(said.replaceAll(/\[.*?\]|\s/g, ''), 'base64').toString()).not.toContain(SECRET.slice(4, 12));
  }
});

test('noise on stdout is masked before it is cut', () => {
  let said = '';
  const relay = new NoiseRelay({
    masker,
    now: () => 0,
    timers: { after: () => () => {} },
    writeError: (text) => {
      said += text;
    },
  });
  relay.show('srv', Buffer.from(`${'x'.repeat(1990)}${SECRET} and more`));
  expect(said).not.toContain(SECRET.slice(0, 8));
  relay.show('srv', Buffer.from(Buffer.from(SECRET).toString('base64')));
  expect(said).toMatch(/\[srv\] \[secret KEY\]/);
});

test('the guard’s log, on stderr and in its file', () => {
  const home = mkdtempSync(join(tmpdir(), 'guard-log-'));
  try {
    let said = '';
    const file = join(home, 'log');
    const log = createGuardLog({
      level: 'warn',
      file,
      namedBy: 'x',
      ownFiles: [],
      masker,
      writeError: (text) => {
        said += text;
      },
    });
    log.write('error', `mcp-guard failed: Error: bad ${SECRET}\n at x`);
    for (const text of [said, readFileSync(file, 'utf8')]) {
      expect(text).toContain('bad [secret KEY]');
      expect(text).not.toContain(SECRET);
    }
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('an outlet masks text and bytes, and is the writer itself where there is nothing to mask', async () => {
  const written: string[] = [];
  const write = (text: string | Buffer) => void written.push(text.toString());
  const { outlet } = await openSecrecy([{ name: 'KEY', value: SECRET }]);
  outlet(write)(`a ${SECRET}`);
  outlet(write)(Buffer.from(`b ${SECRET}`));
  expect(written).toEqual(['a [secret KEY]', 'b [secret KEY]']);
  const none = await openSecrecy([]);
  expect(none.masker).toBeUndefined();
  expect(none.outlet(write)).toBe(write);
});

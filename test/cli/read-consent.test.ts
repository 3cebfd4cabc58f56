// A question on a terminal, and every way it ends.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askOn } from '../../src/cli/read-consent.ts';

async function ask(keys: string | undefined): Promise<{ answer?: string; error?: unknown; shown: string }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const asked = askOn(input, output, 'go on? ', true);
  if (keys === undefined) input.end();
  else input.write(keys);
  const result = await asked.then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
  return { ...result, shown: String(output.read()) };
}

test('a line is the answer', async () => {
  expect(await ask('y\r')).toMatchObject({ answer: 'y' });
});

test.each([
  ['Ctrl-C', '\u0003', 'interrupted', 130],
  ['Ctrl-C behind a word', 'ye\u0003', 'interrupted', 130],
  ['Ctrl-D', '\u0004', 'approval_declined', 77],
  ['the end of the input', undefined, 'approval_declined', 77],
])('%s: not confirmed, and a line of its own', async (_, keys, code, exitCode) => {
  const { error, shown } = await ask(keys);
  expect(error).toMatchObject({ code, exitCode, message: 'not confirmed: nothing was changed' });
  expect(shown.endsWith('\n')).toBe(true);
});

// A question on a terminal, and every way it ends.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askOn, wrapQuestion } from '../../src/cli/read-consent.ts';

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

test('a question that is longer than a line is broken between its words, with room for the answer', () => {
  const question = `make a token for ${'somebody-with-a-long-name '.repeat(5)}of default? [y/N] `;
  const lines = wrapQuestion(question, 80).split('\n');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(line.length).toBeLessThan(80);
  expect(lines.join(' ')).toBe(question);
  expect(wrapQuestion('go on? [y/N] ', 80)).toBe('go on? [y/N] ');
  expect(wrapQuestion('\nlook:\n  this\ngo on? ', 80)).toBe('\nlook:\n  this\ngo on? ');
  // no answer stands behind a line above the last: what was made as wide as the screen leaves no stub
  const [wide, last] = ['x'.repeat(80), 'y'.repeat(77)];
  expect(wrapQuestion(`${wide}\n${last} z? `, 80)).toBe(`${wide}\n${last}\nz? `);
});

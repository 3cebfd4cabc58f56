// Which file a command names: in the order of PATH, through no link, and a mistake said in one sentence.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findIllegalArgument, resolveCommand } from '../../../src/adapters/command-path.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'mcp-guard-path-'));
  for (const directory of ['first', 'second', 'first/tool', 'first/here']) mkdirSync(join(root, directory));
  for (const file of ['second/tool', 'second/plain', 'second/both', 'first/both', 'local'])
    writeFileSync(join(root, file), '');
  for (const file of ['second/tool', 'second/both', 'local']) chmodSync(join(root, file), 0o755);
  for (const file of ['second/plain', 'first/both']) chmodSync(join(root, file), 0o644);
  symlinkSync(join(root, 'second/tool'), join(root, 'second/link'));
});
afterAll(() => rmSync(root, { recursive: true }));

const path = () => `${root}/first:${root}/second`;
const reasonOf = (command: string, searched: string | undefined = path()) => {
  const resolution = resolveCommand(command, searched, root);
  return resolution.found ? `found ${resolution.path}` : resolution.reason;
};

describe('a bare name', () => {
  test('is found in the first directory that has an executable file of that name', () => {
    expect(resolveCommand('tool', path(), root)).toEqual({ found: true, path: `${root}/second/tool` });
    expect(resolveCommand('both', path(), root)).toEqual({ found: true, path: `${root}/second/both` });
  });
  test('is not resolved through a link: the name decides what many programs do', () => {
    expect(resolveCommand('link', path(), root)).toEqual({ found: true, path: `${root}/second/link` });
  });
  test('that is nowhere names PATH', () =>
    expect(reasonOf('nope')).toMatch(/^cannot start `nope`: it is in no directory of PATH/));
  test('that is a directory says so', () => expect(reasonOf('here')).toMatch(/`.*first\/here` is a directory/));
  test('that is not executable says so', () =>
    expect(reasonOf('plain')).toMatch(/`.*second\/plain` is not executable/));
  test('is not looked for in the working directory because of an empty entry', () => {
    expect(reasonOf('local', ':')).toMatch(/no directory of PATH/);
    expect(reasonOf('local', '')).toMatch(/no directory of PATH/);
  });
  test('is looked for in a relative entry, from the working directory', () => {
    expect(resolveCommand('tool', 'second', root)).toEqual({ found: true, path: `${root}/second/tool` });
  });
  test('without any PATH is looked for where execvp does', () => {
    expect(resolveCommand('sh', undefined, root)).toMatchObject({
      found: true,
      path: expect.stringMatching(/^\/(usr\/)?bin\/sh$/),
    });
  });
});

describe('a name with a slash', () => {
  test('is relative to the working directory, PATH plays no part', () => {
    expect(resolveCommand('./local', '', root)).toEqual({ found: true, path: `${root}/local` });
    expect(resolveCommand(`${root}/local`, '', '/')).toEqual({ found: true, path: `${root}/local` });
  });
  test('that is missing, a directory or not executable says which', () => {
    expect(reasonOf('./nope')).toMatch(/there is no file `.*\/nope`/);
    expect(reasonOf('./local/x')).toMatch(/there is no file/);
    expect(reasonOf('./first')).toMatch(/is a directory/);
    expect(reasonOf('./second/plain')).toMatch(/is not executable/);
    expect(reasonOf('/dev/null')).toMatch(/is not executable/);
  });
});

test('an empty command is told so', () => expect(reasonOf('')).toMatch(/the command is empty/));

test('a program over several lines is an argument, except on Windows', () => {
  expect(findIllegalArgument(['python', '-c', 'a\nb\r\n'], 'linux')).toBeUndefined();
});

test('NUL is in no argument anywhere', () => {
  expect(findIllegalArgument(['node', 'x', 'a\0b'], 'linux')).toMatch(/argument 2 contains NUL/);
});

test.each(['a\0b', 'a\nb', 'a\rb'])('%j is no argument on Windows', (bad) => {
  expect(findIllegalArgument(['node', 'x', bad], 'win32')).toMatch(/argument 2 contains NUL, CR or LF/);
  expect(findIllegalArgument([bad], 'win32')).toMatch(/the command contains/);
});
test('tabs, quotes, dollars and nothing at all are arguments', () => {
  expect(findIllegalArgument(['node', '', '\t', '"\'$(x)`', '\u2028'])).toBe(undefined);
});

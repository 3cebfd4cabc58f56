// What is shipped for people says what the code does: schema, example, pages.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../src/config/compile.ts';
import { showDiagnostic } from '../../src/config/diagnostics.ts';
import { listKeyPaths } from '../../src/config/known-keys.ts';
import { NOT_YET } from '../../src/config/not-yet.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { buildJsonSchema } from '../../src/config/schema.ts';
import {
  GUARD_ANSWERS,
  GuardError,
  LINE_REFUSALS,
  LOCAL_ERRORS,
  showError,
  signalExitCode,
} from '../../src/guard-error.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

test('docs/config.schema.json is the schema (`vitest run test/config/docs.test.ts -u` writes it)', async () => {
  await expect(`${JSON.stringify(buildJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
    `${root}docs/config.schema.json`,
  );
});

const enforced = listKeyPaths().filter(
  (path) => !NOT_YET.some((entry) => path === entry || path.startsWith(`${entry}.`)),
);

/** A block may stand at three levels; its keys are explained once, in docs/breaker.md (test/config/breaker-page.test.ts). */
/** Explained kind by kind in docs/constraints.md. */
const isOfConstraint = (path: string): boolean => path.includes('.args.*.');

/** A tenant's block has the keys of the config, which are explained where they stand. */
const isBelowTenant = (path: string): boolean => /^tenants\.\*\.\w+\./.test(path);
/** A config with tenants starts nothing for who is none of them: the example of docs/tenants.md shows these. */
const isOfTenants = (path: string): boolean => /^tenants\b|\.isolation\b/.test(path);

/** A limit may stand at the top level, of a server, of a tool, of a role: its keys are explained once. */
const isOfInnerLimit = (path: string): boolean => /\.limits\.\[\]/.test(path);

const isOfBreaker = (path: string): boolean => /(^|\.)breaker\.(?!server$)/.test(path) || /\*\.breaker\./.test(path);

describe('docs/config.md', () => {
  const page = read('docs/config.md');

  test.each(
    enforced.filter(
      (path) => !isOfBreaker(path) && !isOfConstraint(path) && !isOfInnerLimit(path) && !isBelowTenant(path),
    ),
  )('explains `%s` in a row of its own', (path) => {
    expect(page).toMatch(new RegExp(`^\\| \`${path.replace(/[.*$[\]]/g, '\\$&')}\` \\|.* \\| .+ \\|$`, 'm'));
  });

  test.each(NOT_YET)('says that `%s` is not yet', (path) => {
    expect(page.slice(page.indexOf('## Known, and not yet'))).toContain(`\`${path}\``);
  });

  test('explains no key that does not exist', () => {
    const rows = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, path]) => path);
    expect(rows.filter((path) => !enforced.includes(path ?? ''))).toEqual([]);
  });

  test('every key that is not yet enforced is one of the schema', () => {
    expect(NOT_YET.filter((path) => !listKeyPaths().includes(path))).toEqual([]);
  });
});

describe('the example', () => {
  const text = read('mcp-guard.config.example.json');
  const document: unknown = JSON.parse(text);

  test('is valid as it stands', () => {
    const parsed = parseConfig('mcp-guard.config.example.json', text);
    expect(parsed.diagnostics).toEqual([]);
    const compiled = compilePolicy({
      document: parsed.document,
      variables: { HOME: '/home/ada' },
      source: { path: '/c', digest: 'd' },
      absolute: (path) => path,
    });
    expect(compiled.ok ? [] : compiled.diagnostics.map(showDiagnostic)).toEqual([]);
  });

  /** Stands in the place of `auth.jwt.jwksUrl`; goes with another kind of store. */
  const isOther = (path: string): boolean => path === 'auth.jwt.jwksFile' || path === 'limitStore.url';

  test.each(
    enforced.filter(
      (path) =>
        !/\*\.breaker\./.test(path) &&
        !isOfInnerLimit(path) &&
        !isOfConstraint(path) &&
        !isOfTenants(path) &&
        !isOther(path),
    ),
  )('shows `%s`', (path) => {
    let nodes: unknown[] = [document];
    for (const part of path.split('.')) {
      nodes = nodes.flatMap((node) => {
        if (typeof node !== 'object' || node === null) return [];
        if (part === '*' || part === '[]') return Object.values(node);
        return Object.hasOwn(node, part) ? [Reflect.get(node, part)] : [];
      });
    }
    expect(nodes.length).toBeGreaterThan(0);
  });
});

describe('the example of docs/tenants.md', () => {
  const [, text = ''] = /```json\n([\s\S]*?)```/.exec(read('docs/tenants.md')) ?? [];
  const document: unknown = JSON.parse(text);

  test('is valid as it stands', () => {
    const compiled = compilePolicy({
      document,
      variables: { HOME: '/home/ada' },
      source: { path: '/c', digest: 'd' },
      absolute: (path) => path,
    });
    expect(compiled.ok ? [] : compiled.diagnostics.map(showDiagnostic)).toEqual([]);
  });

  const shown = [...new Set(enforced.filter((path) => /^tenants\.\*\.(?:\w+|isolation\.\w+)$/.test(path)))];
  test.each(shown)('shows `%s`', (path) => {
    expect(shown.length).toBeGreaterThan(12);
    const keys = path.split('.').slice(2);
    // plain JSON, as it was read
    const blocks = Object.values((document as { tenants: Record<string, unknown> }).tenants);
    const found = blocks.map((block) => keys.reduce<unknown>((node, key) => Reflect.get(Object(node), key), block));
    expect(found.some((value) => value !== undefined)).toBe(true);
  });
});

describe('docs/errors.md', () => {
  const sections = read('docs/errors.md').split('\n## ');
  const rows = (title: string): string[][] => {
    const section = sections.find((text) => text.startsWith(title)) ?? '';
    const lines = section.split('\n').filter((line) => line.startsWith('| `'));
    return lines.map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell, index) => (index === 0 ? cell.replaceAll('`', '') : cell)),
    );
  };

  test('is the table of local errors, both ways', () => {
    const table = Object.entries(LOCAL_ERRORS).map(([code, { exitCode, summary }]) => [
      code,
      String(exitCode),
      summary,
    ]);
    expect(rows('Local errors')).toEqual(table);
  });

  test('is the table of refused lines, both ways', () => {
    expect(rows('Lines that are not forwarded')).toEqual(Object.entries(LINE_REFUSALS));
  });

  test('is the table of answers, both ways', () => {
    expect(rows('What the guard answers')).toEqual(Object.entries(GUARD_ANSWERS));
  });

  test('the reasons that the core and the policies give are the table, both ways', () => {
    const given = new Set<string>();
    for (const folder of ['src/core', 'src/policy']) {
      const names = readdirSync(`${root}${folder}`, { encoding: 'utf8', recursive: true });
      for (const name of names.filter((one) => one.endsWith('.ts'))) {
        for (const [, reason] of read(`${folder}/${name}`).matchAll(/\breason: '([a-z_]+)'/g)) given.add(reason ?? '');
      }
    }
    expect([...given].toSorted()).toEqual(Object.keys(GUARD_ANSWERS).toSorted());
  });
});

test('a local error carries the exit status of its code, its cause, and a hint on a second line', () => {
  const cause = new Error('why');
  const error = new GuardError('state_locked', 'it is locked', { hint: 'wait', cause });
  expect(error).toMatchObject({ name: 'GuardError', code: 'state_locked', exitCode: 74, hint: 'wait', cause });
  expect(showError(error)).toBe('it is locked\n  wait');
  expect(showError(new GuardError('usage', 'no'))).toBe('no');
  expect(new GuardError('usage', 'no')).not.toHaveProperty('cause');
  expect(signalExitCode(15)).toBe(143);
});

// `scope lint` as a person and a program meet it: screen, JSON, SARIF, exit status, fixes that ask.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLocator } from '../../src/cli/lint-place.ts';
import { type LintSubject, runScopeLint, type ScopeLintOptions } from '../../src/cli/scope-lint.ts';
import { RULE_IDS } from '../../src/policy/lint/rule-ids.ts';
import { type Facts, inputOf, offer, oneScope, used } from '../policy/lint/lint-scene.ts';
import { CLEAN, CLEAN_FACTS, PLANTED, PLANTED_FACTS } from '../policy/lint/planted.ts';
import { openScreen } from './screen.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mcp-guard-lint-'));
  path = join(directory, 'config.json');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Scene {
  readonly document: object;
  readonly facts?: Facts;
  readonly answer?: string | undefined;
  readonly isJson?: boolean;
  readonly isUnchanged?: () => boolean;
}

async function run(options: ScopeLintOptions, scene: Scene, columns = 80) {
  const { document, facts, answer, isJson = true, isUnchanged = () => true } = scene;
  writeFileSync(path, `${JSON.stringify(document, undefined, 2)}\n`);
  const screen = openScreen(columns);
  const questions: string[] = [];
  const load = async (): Promise<LintSubject> => {
    const text = readFileSync(path, 'utf8');
    const input = inputOf(JSON.parse(text), facts);
    return { path: 'config.json', uri: 'config.json', text, isJson, input, notes: [], isUnchanged };
  };
  const ask = async (question: string): Promise<string> => {
    questions.push(question);
    return answer ?? '';
  };
  const context = {
    load: async () => ({ ...(await load()), path }),
    ask: answer === undefined ? undefined : ask,
  };
  const status = await runScopeLint(options, screen.io, context);
  const out = screen.out().replaceAll(path, 'config.json');
  return {
    status,
    out,
    err: screen.err().replaceAll(path, 'config.json'),
    questions,
    text: () => readFileSync(path, 'utf8'),
  };
}

const planted = { document: PLANTED, facts: PLANTED_FACTS };
const clean = { document: CLEAN, facts: CLEAN_FACTS };

describe('the screen', () => {
  test('groups by server, within 80 columns, with what, where and how to mend it', async () => {
    const { status, out } = await run({}, planted);
    expect(status).toBe(1);
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(out.split('\n').filter((line) => /^\S/.test(line))).toEqual([
      'loose',
      'files',
      'web',
      '(all servers)',
      '8 errors, 17 warnings in config.json',
      'note: what `loose` offers is not known: tools were judged by the names of',
      'note: no use of `loose` is on record: nothing can be said of grants that',
    ]);
    expect(out).toContain('  error  unpinned-command  servers.web.args[1]:23\n');
    expect(out).toContain('         → write the exact version, as `name@1.2.3`\n');
    for (const rule of RULE_IDS) expect(out).toContain(` ${rule} `);
  });

  test('says that nothing was found, and what could not be looked at', async () => {
    expect(await run({}, clean)).toMatchObject({ status: 0, out: 'nothing found in config.json\n' });
    const { out } = await run({}, { document: CLEAN });
    expect(out).toContain('note: what `notes` and `clock` offer is not known');
  });

  test('shows hostile names inert', async () => {
    const facts = { offers: { files: offer(['delete_\u001b[2J\u202e`x`']) } };
    const { out } = await run({}, { document: oneScope({ grants: [{ tool: 'delete_*' }] }), facts });
    expect(out).not.toMatch(/[\u001b\u202e]/);
    expect(out).toContain('delete_\\u{1b}[2J');
  });
});

describe('the exit status', () => {
  const warnings = { document: oneScope({ grants: [{ tool: 'a*' }, { tool: 'b*' }] }) };
  test.each<[ScopeLintOptions, number]>([
    [{}, 0],
    [{ maxWarnings: 2 }, 0],
    [{ maxWarnings: 1 }, 1],
    [{ maxWarnings: 0 }, 1],
    [{ maxWarnings: 1, json: true }, 1],
  ])('two warnings under %j: %i', async (options, status) => {
    expect((await run(options, warnings)).status).toBe(status);
  });

  test('any error fails; one that is suppressed does not', async () => {
    const document = { version: 1, servers: { a: { command: 'a' } } };
    expect((await run({ maxWarnings: 99 }, { document })).status).toBe(1);
    const ignore = [{ rule: 'server-without-scope', at: 'servers.a.*', reason: 'a trial', expires: '2026-12-31' }];
    const { status, out } = await run({}, { document: { ...document, lint: { ignore } } });
    expect(status).toBe(0);
    expect(out).toContain('nothing found, 1 suppressed in config.json');
  });
});

test('`--json` is one value with stable keys', async () => {
  const ignore = [{ rule: 'grant-expired', at: '*', reason: 'soon', expires: '2026-12-31' }];
  const { out, status } = await run({ json: true }, { ...planted, document: { ...PLANTED, lint: { ignore } } });
  expect(status).toBe(1);
  expect(out).toMatch(/^[\x20-\x7e]+\n$/);
  const value = JSON.parse(out);
  expect(Object.keys(value)).toEqual(['config', 'errors', 'warnings', 'findings', 'suppressed', 'notes']);
  expect([value.errors, value.warnings]).toEqual([8, 15]);
  expect(value.findings).toHaveLength(23);
  expect(value.suppressed).toMatchObject([
    { rule: 'grant-expired', reason: 'soon', until: '2027-01-01T00:00:00.000Z' },
  ]);
  expect(value.findings.find(({ rule }: { rule: string }) => rule === 'grant-matches-nothing')).toEqual({
    rule: 'grant-matches-nothing',
    severity: 'warn',
    server: 'files',
    at: 'scopes.files.grants[2]',
    line: 47,
    column: 9,
    text: '`files` offers no tool called `raed_file`: whatever comes under that name later is granted',
    mend: 'remove the grant, or correct its name',
    fix: 'remove_grant',
  });
});

describe('`--sarif`', () => {
  test('has the rules, and each finding at its line', async () => {
    const { out, text } = await run({ sarif: true }, planted);
    expect(out).toMatch(/^[\x20-\x7e]+\n$/);
    const { version, $schema, runs } = JSON.parse(out);
    expect([version, $schema]).toEqual(['2.1.0', 'https://json.schemastore.org/sarif-2.1.0.json']);
    const [{ tool, results, columnKind }] = runs;
    expect(columnKind).toBe('utf16CodeUnits');
    expect(tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual([...RULE_IDS]);
    for (const { id, helpUri, help } of tool.driver.rules) {
      expect(() => new URL(helpUri)).not.toThrow();
      expect(help.markdown).toContain(`docs/lint.md#${id}`);
    }
    expect(results).toHaveLength(25);
    const lines = text().split('\n');
    for (const result of results) {
      const [{ physicalLocation }] = result.locations;
      expect(tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
      expect(['error', 'warning']).toContain(result.level);
      expect(physicalLocation.artifactLocation).toEqual({ uri: 'config.json' });
      const { startLine, startColumn, endLine, endColumn } = physicalLocation.region;
      expect(lines[startLine - 1]?.charAt(startColumn - 1)).toMatch(/\S/);
      expect(endLine > startLine || endColumn > startColumn).toBe(true);
    }
    const secret = results.find(({ ruleId }: { ruleId: string }) => ruleId === 'secret-literal');
    expect(lines[secret.locations[0].physicalLocation.region.startLine - 1]).toContain('FILES_API_TOKEN');
    expect(out).not.toContain('ghp_');
    expect(new Set(results.map(({ partialFingerprints }: never) => JSON.stringify(partialFingerprints))).size).toBe(25);
  });

  test('marks what is suppressed, and has no place in YAML', async () => {
    const ignore = [{ rule: 'grant-expired', at: '*', reason: 'soon', expires: '2026-12-31' }];
    const document = oneScope({ grants: [{ tool: 'a', expires: '2026-01-01' }] }, {}, { lint: { ignore } });
    const { out, status } = await run({ sarif: true }, { document, isJson: false });
    expect(status).toBe(0);
    const [{ results, invocations }] = JSON.parse(out).runs;
    expect(results).toMatchObject([
      {
        suppressions: [{ kind: 'inSource', status: 'accepted', justification: 'soon' }],
        locations: [{ physicalLocation: { region: { startLine: 1 } } }],
      },
    ]);
    expect(invocations[0].toolExecutionNotifications).toHaveLength(3);
  });

  test('not together with `--json`', async () => {
    await expect(run({ json: true, sarif: true }, clean)).rejects.toMatchObject({ code: 'usage' });
  });
});

test('a place in the text: the value, or where it would be', () => {
  const locate = createLocator('{\n  "a": { "b": [1, "two"] },\n  "c": 3 }');
  expect(locate(['a', 'b', 1])).toEqual({ line: 2, column: 19, endLine: 2, endColumn: 24 });
  expect(locate(['c'])).toEqual({ line: 3, column: 8, endLine: 3, endColumn: 9 });
  expect(locate(['a', 'x', 'y'])).toMatchObject({ line: 2, column: 8 });
  expect(locate([])).toMatchObject({ line: 1, column: 1, endLine: 1, endColumn: 2 });
  expect(createLocator(undefined)(['a'])).toBeUndefined();
});

describe('`--fix`', () => {
  const grants = [
    { tool: 'a', expires: '2026-01-01' },
    { tool: 'list_*', reason: 'r' },
    { tool: 'b', args: {} },
  ];
  const facts = { offers: { files: offer(['list_a', 'list_b', 'b']) }, uses: { files: used({ list_a: 3 }) } };
  const scene = { document: oneScope({ grants }), facts };
  const left = (text: string) => JSON.parse(text).scopes.s.grants;

  test('shows the change, asks, and narrows', async () => {
    const { out, questions, text, status } = await run({ fix: true }, { ...scene, answer: 'y' });
    expect(questions).toHaveLength(1);
    expect(out).toContain('-          "tool": "a",\n');
    expect(out).toContain('+          "tool": "list_a",\n');
    expect(out).toContain('narrowed 2 grants\n');
    expect(left(text())).toEqual([
      { tool: 'list_a', reason: 'r' },
      { tool: 'b', args: {} },
    ]);
    expect(out).toContain('warn   grant-unused  scopes.s.grants[1]');
    expect(status).toBe(0);
  });

  test.each(['n', '', 'no', 'yes please'])('answered with `%s`: nothing is changed', async (answer) => {
    const { out, text } = await run({ fix: true }, { ...scene, answer });
    expect(left(text())).toEqual(grants);
    expect(out).toContain('nothing was changed');
  });

  test('`--yes` does not ask; without a terminal it is needed', async () => {
    const { questions, text } = await run({ fix: true, yes: true }, { ...scene, answer: 'n' });
    expect(questions).toEqual([]);
    expect(left(text())).toHaveLength(2);
    await expect(run({ fix: true }, scene)).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('--yes'),
    });
  });

  test('`--fix-unused` takes grants that nobody uses, too', async () => {
    const { text } = await run({ fixUnused: true, yes: true }, scene);
    expect(left(text())).toEqual([{ tool: 'list_a', reason: 'r' }]);
  });

  test('what is suppressed is not fixed', async () => {
    const ignore = [{ rule: 'grant-expired', at: '*', reason: 'soon', expires: '2026-12-31' }];
    const { text } = await run(
      { fix: true, yes: true },
      { ...scene, document: oneScope({ grants }, {}, { lint: { ignore } }) },
    );
    expect(left(text()).map(({ tool }: { tool: string }) => tool)).toEqual(['a', 'list_a', 'b']);
  });

  test('data stays data: the change is shown on stderr', async () => {
    const { out, err } = await run({ fix: true, yes: true, json: true }, scene);
    expect(JSON.parse(out).findings).toHaveLength(1);
    expect(err).toContain('narrowed 2 grants');
  });

  test('a file that changed meanwhile is left alone', async () => {
    await expect(run({ fix: true, yes: true }, { ...scene, isUnchanged: () => false })).rejects.toMatchObject({
      code: 'config_changed',
    });
    expect(left(readFileSync(path, 'utf8'))).toEqual(grants);
  });

  test('a file that cannot be written is said to be so', async () => {
    const isUnchanged = () => {
      rmSync(path);
      mkdirSync(path);
      return true;
    };
    await expect(run({ fix: true, yes: true }, { ...scene, isUnchanged })).rejects.toMatchObject({
      code: 'config_unwritable',
      exitCode: 74,
    });
  });

  test('YAML is not edited, and nothing to do is said', async () => {
    const { out, text } = await run({ fix: true, yes: true }, { ...scene, isJson: false });
    expect(out).toContain('2 grants could be narrowed; YAML is not edited');
    expect(left(text())).toEqual(grants);
    expect((await run({ fix: true }, clean)).out).toContain('nothing that --fix could narrow');
  });

  test('a link stays a link, and the file as readable as it was', async () => {
    const real = join(directory, 'real.json');
    writeFileSync(real, '{}');
    chmodSync(real, 0o644);
    symlinkSync(real, path);
    await run({ fix: true, yes: true }, scene);
    expect(left(readFileSync(real, 'utf8'))).toHaveLength(2);
    expect(statSync(real).mode & 0o777).toBe(0o644);
  });
});

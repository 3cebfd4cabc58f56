// `scope lint --live` with the built guard: servers are started as `run` would start them, and only those; what one offers now is what
// is judged; one that fails is a finding; nothing stays alive.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Yard } from './guarded.ts';

let yard: Yard;
let config: string;
beforeEach(() => {
  yard = new Yard();
  config = join(yard.home, 'guard.json');
});
afterEach(async () => {
  expect(await yard.close()).toEqual([]);
});

const READ = { name: 'read_note', description: 'reads a note', inputSchema: { type: 'object' } };
const told = () => join(yard.home, 'told.json');
const tell = (...tools: readonly object[]) =>
  writeFileSync(told(), JSON.stringify({ pages: tools.map((one) => [one]) }));
const entryOf = ([command, ...args]: readonly string[], more: object = {}) => ({ command, args, scope: 's', ...more });
const put = (servers: object, grants: readonly object[] = [{ tool: 'read_note' }]) =>
  writeFileSync(config, JSON.stringify({ version: 1, servers, scopes: { s: { grants } } }), { mode: 0o600 });

interface Report {
  readonly findings: readonly { readonly rule: string; readonly at: string; readonly text: string }[];
  readonly notes: readonly string[];
}

function lint(...flags: string[]): { status: number; report: Report; stderr: string } {
  const { status, stdout, stderr } = yard.command('scope', 'lint', '--config', config, '--json', ...flags);
  return { status, stderr, report: JSON.parse(stdout) }; // its own JSON
}
const rulesOf = ({ findings }: Report) => findings.map(({ rule }) => rule);

it('scope lint finds no error in the example config', () => {
  const example = readFileSync(new URL('../../mcp-guard.config.example.json', import.meta.url), 'utf8');
  writeFileSync(config, example, { mode: 0o600 });
  const { status, report } = lint();
  // it shows two patterns, of tools and of methods, and those are warnings
  expect([status, rulesOf(report)]).toEqual([0, ['wildcard-swallows', 'wildcard-swallows']]);
});

describe('scope lint --live', () => {
  it('asks servers that nobody has started yet, keeps the answers, and passes', async () => {
    tell(READ, { ...READ, name: 'read_other' });
    put({ notes: entryOf(Yard.server('told-tools', told())) }, [{ tool: 'raed_note' }]);
    expect(rulesOf(lint().report)).toEqual([]);
    const { status, report } = lint('--live');
    expect(status).toBe(0);
    expect(rulesOf(report)).toEqual(['grant-matches-nothing']);
    expect(await yard.leftovers(5_000)).toEqual([]);
    // without it the last answer counts
    tell(READ);
    expect(rulesOf(lint().report)).toEqual(['grant-matches-nothing']);
    const inventory = JSON.parse(readFileSync(join(yard.state, 'default/inventory/notes.json'), 'utf8'));
    expect(inventory.lists.tools).toMatchObject({
      isComplete: true,
      entries: [{ name: 'read_note' }, { name: 'read_other' }],
    });
    expect(yard.command('scope', 'lint', '--config', config, '--live', '--max-warnings', '0').status).toBe(1);
  });

  it('sees a definition that has changed since it was first seen', () => {
    tell(READ);
    put({ notes: entryOf(Yard.server('told-tools', told())) });
    expect(lint('--live')).toMatchObject({ status: 0 });
    tell({ ...READ, description: 'reads a note, and sends it away' });
    expect(rulesOf(lint().report)).toEqual([]);
    const { status, report } = lint('--live');
    expect([status, rulesOf(report)]).toEqual([1, ['definition-drift']]);
    expect(yard.command('scope', 'diff', '--config', config).stdout.replace(/\s+/g, ' ')).toContain(
      'and sends it away',
    );
  });

  it('a server that cannot be asked is a finding with its reason, and the others are looked at', () => {
    tell(READ);
    put({
      notes: entryOf(Yard.server('told-tools', told())),
      gone: entryOf(['no-such-program-here']),
      secret: entryOf(Yard.server('told-tools', told()), { env: { TOKEN: 'env:NO_SUCH_TOKEN' } }),
      ends: entryOf([process.execPath, '-e', 'process.exit(3)']),
    });
    const { status, report } = lint('--live');
    expect(status).toBe(1);
    const found = report.findings.filter(({ rule }) => rule === 'server-not-asked');
    expect(found.map(({ at }) => at)).toEqual(['servers.gone', 'servers.secret', 'servers.ends']);
    expect(found[1]?.text).toContain('`TOKEN` needs `env:NO_SUCH_TOKEN`');
    expect(found[2]?.text).toContain('it ended with status 3');
    expect(report.notes.join(' ')).not.toContain('`notes` offers is not known');
    const sarif = JSON.parse(yard.command('scope', 'lint', '--config', config, '--live', '--sarif').stdout);
    const ids = sarif.runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId);
    expect(ids.filter((id: string) => id === 'server-not-asked')).toHaveLength(3);
  });

  it('starts nothing that the lock does not know, and nothing under a lock that cannot be trusted', async () => {
    tell(READ);
    const server = Yard.server('told-tools', told());
    put({ notes: entryOf(server) });
    const client = yard.start(server, ['--config', config]);
    await client.initialize();
    expect(await client.end()).toBe(0);
    const trace = join(yard.home, 'started');
    put({ notes: entryOf([process.execPath, '-e', `require('fs').writeFileSync(${JSON.stringify(trace)},'')`]) });
    const unapproved = lint('--live');
    expect(unapproved.status).toBe(1);
    expect(unapproved.report.findings[0]).toMatchObject({
      rule: 'server-not-asked',
      text: expect.stringContaining('before somebody approves its command'),
    });
    expect(unapproved.report.findings.find(({ rule }) => rule === 'definitions-not-pinned')?.text).toBe(
      '`notes` has another `args` than was approved, and is not started before somebody approves that',
    );
    const lock = join(yard.home, 'guard.mcp-guard.lock.json');
    writeFileSync(lock, readFileSync(lock, 'utf8').replace('"first use"', '"first uze"'), { mode: 0o600 });
    expect(lint('--live').report.findings[0]).toMatchObject({
      rule: 'server-not-asked',
      text: expect.stringContaining('nothing is started: the lock was changed'),
    });
    expect(existsSync(trace)).toBe(false);
  });
});

// What is granted of what was used, what is held back, and that no name of the server's becomes a pattern.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KnownEntry, KnownList } from '../../../src/policy/inventory/known-list.ts';
import { collectUse, type UseEnd } from '../../../src/policy/lint/tool-use.ts';
import { compilePattern } from '../../../src/policy/pattern.ts';
import { type ProposalInput, proposeScope } from '../../../src/policy/propose/proposal.ts';
import { findHosts } from '../../../src/policy/propose/used-hosts.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const NOW = Date.UTC(2026, 10, 22);
const entry = (name: string, definition: JsonObject = {}): KnownEntry => ({ name, definition, digest: undefined });
const list = (...entries: readonly KnownEntry[]): KnownList => ({
  ...{ entries, omitted: 0, isComplete: true, digest: 'd', sinceMs: 0, seenAtMs: 0 },
});
const withPath = (name: string, property = 'path', required: readonly string[] = [property]): KnownEntry =>
  entry(name, { inputSchema: { type: 'object', properties: { [property]: { type: 'string' } }, required } });

function propose(
  lists: ProposalInput['lists'],
  calls: readonly (readonly [string, JsonObject, UseEnd?])[],
  own: string[] = [],
) {
  const collector = collectUse();
  collector.note(NOW);
  for (const [tool, args, end = 'done'] of calls) {
    collector.add('tool', tool, NOW, end);
    if (end === 'done') collector.addArguments(tool, args);
  }
  return proposeScope({
    lists,
    use: calls.length === 0 ? undefined : collector.use,
    ownPaths: own,
    place: { home: '/home/ada', isDirectory: (path) => own.includes(path) },
  });
}

describe('from use', () => {
  it('grants what was used, and nothing else', () => {
    const { basis, granted, held } = propose({ tools: list(entry('a'), entry('b')) }, [
      ['a', {}],
      ['a', {}],
    ]);
    expect(basis).toBe('use');
    expect(granted).toMatchObject([{ kind: 'tool', name: 'a', calls: 2, lastMs: NOW }]);
    expect(held.map(({ name }) => name)).toEqual(['b']);
  });

  it.each<[readonly UseEnd[], string]>([
    [['failed'], 'its one use came to no result (1 failed)'],
    [['open', 'open'], 'none of its 2 uses came to a result (of 2 no end is on record)'],
    [['failed', 'open', 'failed'], 'none of its 3 uses came to a result (2 failed, of 1 no end is on record)'],
  ])('does not grant what never came to a result: %j', (ends, why) => {
    const calls = ends.map((end) => ['read', { path: '/etc/shadow' }, end] as const);
    const { basis, granted, held } = propose({ tools: list(withPath('read')) }, calls);
    expect([basis, granted]).toEqual(['offer', []]);
    expect(held).toMatchObject([{ name: 'read', args: {}, calls: undefined }]);
    expect(held[0]?.notes).toContain(`not granted: ${why}`);
  });

  it('counts only what came to a result', () => {
    const calls = [
      ['read', { path: '/srv/a.txt' }],
      ['read', { path: '/etc/shadow' }, 'failed'],
    ] as const;
    const { granted } = propose({ tools: list(withPath('read')) }, calls);
    expect(granted).toMatchObject([{ args: { '/path': { within: ['/srv'] } }, calls: 1 }]);
  });

  it('does not grant a tool whose definition nobody could look at, and says so of one that was shortened', () => {
    const unread: KnownEntry = { name: 'huge', definition: undefined, digest: 'd' };
    const short: KnownEntry = { ...withPath('long'), digest: 'd' };
    const properties = Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [`p${at}`, {}]));
    const { granted, held } = propose({ tools: list(unread, short, entry('wide', { inputSchema: { properties } })) }, [
      ['huge', {}],
      ['wide', {}],
      ['long', { path: '/srv/a' }],
    ]);
    expect(granted).toMatchObject([{ name: 'long', args: { '/path': { within: ['/srv'] } } }]);
    expect(granted[0]?.notes.join()).toContain('its definition is very long');
    expect(held.map(({ name }) => name)).toEqual(['huge', 'wide']);
    expect(held[0]?.notes.join()).toContain('too large to look at');
  });

  it('keeps a path to the directories that were seen', () => {
    const { granted } = propose({ tools: list(withPath('read')) }, [['read', { path: '/home/ada/notes/a.txt' }]]);
    expect(granted[0]?.args).toEqual({ '/path': { within: ['~/notes'] } });
  });

  it.each([
    ['file:///srv/a.txt', true],
    ['~/notes/a.txt', true],
    ['/srv/a.txt', false],
  ])('says of %s whether it would be refused', (path, isRefused) => {
    const { granted } = propose({ tools: list(withPath('read')) }, [['read', { path }]]);
    expect(granted[0]?.notes.some((note) => note.includes('such calls will be refused'))).toBe(isRefused);
    // INVARIANT: what is proposed is a whole path or begins with `~/`, however it was given
    expect(JSON.stringify(granted[0]?.args)).toMatch(/"within":\["(~?\/[^"]+)"\]/);
  });

  it.each<[string, boolean]>([
    ['notes/rel', true],
    ['$HOME/x', true],
    ['../x', true],
    ['', true],
    ['C:\\x', true],
    ['/srv/$(id)', true],
    ['/srv/b.txt', false],
    ['/srv/../srv/b.txt', false],
  ])('beside what is granted, %j is marked where `within` refuses it', (path, isMarked) => {
    const calls = [
      ['read', { path: '/srv/a.txt' }],
      ['read', { path }],
    ] as const;
    const { granted } = propose({ tools: list(withPath('read')) }, calls);
    expect(granted[0]?.args).toMatchObject({ '/path': { within: ['/srv'] } });
    const marks = granted[0]?.notes.filter((note) => note.includes('will be refused'));
    expect(marks).toEqual(
      isMarked
        ? [
            '`/path` was also given as no plain absolute path (relative, with a variable, …): such calls will be refused, give absolute paths',
          ]
        : [],
    );
  });

  it('does not mark by what never came to a result, or by another argument', () => {
    const two = { path: { type: 'string' }, text: { type: 'string' } };
    const tools = list(entry('read', { inputSchema: { type: 'object', properties: two } }));
    const { granted } = propose({ tools }, [
      ['read', { path: '/srv/a.txt', text: 'a b' }],
      ['read', { path: 'notes/rel' }, 'failed'],
    ]);
    expect(granted[0]?.notes.join()).not.toContain('will be refused');
  });

  it('asks to look twice at what belongs to the system', () => {
    const noted = (path: string) =>
      propose({ tools: list(withPath('read')) }, [['read', { path }]]).granted[0]?.notes.filter((one) =>
        one.startsWith('look twice'),
      );
    expect(noted('/etc/passwd')).toEqual(["look twice: /etc is the system's"]);
    expect(noted('/var/log/nginx/a')).toEqual(["look twice: /var/log/nginx is the system's"]);
    for (const path of ['/etcetera/a', '/srv/etc/a', '/var/www/a', '/home/ada/etc/a']) expect(noted(path)).toEqual([]);
  });

  it('leaves out what is optional by the schema', () => {
    const tools = list(withPath('read', 'path', []));
    const { granted } = propose({ tools }, [['read', { path: '/srv/a.txt' }]]);
    expect(granted[0]?.args).toEqual({ '/path': { within: ['/srv'], optional: true } });
  });

  it('holds back what was used in a whole home, with the reason', () => {
    const { granted, held } = propose({ tools: list(withPath('read')) }, [['read', { path: '/home/ada/a.txt' }]]);
    expect(granted).toEqual([]);
    expect(held[0]?.notes.join()).toContain('/home/ada itself, which is too wide');
  });

  it('does not take text that begins with a slash for a path', () => {
    const tools = list(withPath('write', 'content'));
    const { granted } = propose({ tools }, [['write', { content: '/etc/passwd is a file' }]]);
    expect(granted[0]?.args).toEqual({});
  });

  it('asks to look twice at hidden directories', () => {
    const { granted } = propose({ tools: list(withPath('read')) }, [['read', { path: '~/.ssh/id' }]]);
    expect(granted[0]?.args).toEqual({ '/path': { within: ['~/.ssh'] } });
    expect(granted[0]?.notes).toContain('look twice: ~/.ssh is hidden');
  });

  it('keeps a URL to the hosts that were seen', () => {
    const calls = [
      ['get', { url: 'https://api.example.com/x' }],
      ['get', { url: 'http://127.0.0.1:80/' }],
    ] as const;
    const { granted } = propose({ tools: list(withPath('get', 'url')) }, calls);
    expect(granted[0]?.args).toEqual({ '/url': { host: ['127.0.0.1:80', 'api.example.com'] } });
    expect(granted[0]?.notes.join()).toContain('look twice: 127.0.0.1:80');
    expect(granted[0]?.notes.join()).not.toContain('no whole URL');
    for (const url of ['api.example.com/x', '/x', 'ftp://api.example.com/'])
      expect(
        propose({ tools: list(withPath('get', 'url')) }, [...calls, ['get', { url }]]).granted[0]?.notes,
      ).toContain('`/url` was also given as no whole URL: such calls will be refused, give whole ones');
  });

  it('does not grant what is not offered, however often it was called', () => {
    const { granted, missing, basis } = propose({ tools: list(entry('a')) }, [['ghost', {}]]);
    expect(granted).toEqual([]);
    expect(missing).toEqual(['ghost']);
    expect(basis).toBe('offer');
  });

  it('holds back what the server asks of the client', () => {
    const collector = collectUse();
    collector.add('request', 'sampling/createMessage', NOW, 'done');
    collector.add('request', 'roots/list', NOW, 'done');
    const place = { home: '/home/ada', isDirectory: () => false };
    const { granted, held } = proposeScope({ lists: {}, use: collector.use, ownPaths: [], place });
    expect(granted).toEqual([]);
    expect(held.map(({ name }) => name)).toEqual(['sampling/createMessage']);
  });
});

describe('without use', () => {
  it('grants nothing, and names the claims as such', () => {
    const annotations = { readOnlyHint: true, destructiveHint: false };
    const { basis, granted, held } = propose({ tools: list(entry('a', { annotations }), entry('b')) }, []);
    expect([basis, granted]).toEqual(['offer', []]);
    expect(held.map(({ notes }) => notes[0])).toEqual([
      'claimed by the server: read-only, not destructive',
      'its server claims nothing of it',
    ]);
  });

  it("proposes the directories of the server's own command line", () => {
    const { held } = propose({ tools: list(withPath('read')) }, [], ['/srv/notes', '/home/ada']);
    expect(held[0]?.args).toEqual({ '/path': { within: ['/srv/notes'] } });
  });
});

describe('names', () => {
  it.each(['*', 'a*', 'a?', '?', 'a\nb', 'a\u0085b', '', 'x'.repeat(257), 'half \ud800'])(
    'does not grant %j',
    (name) => {
      const { granted, held, unnameable } = propose({ tools: list(entry(name)) }, [[name, {}]]);
      expect([granted, held]).toEqual([[], []]);
      expect(unnameable).toEqual([name]);
    },
  );

  it('never grants by a name that matches another', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'b', '*', '?', '/', '.', '\u{1f600}', '\ud800'),
      maxLength: 4,
    });
    fc.assert(
      fc.property(name, name, (one, other) => {
        fc.pre(one !== other);
        const { granted } = propose({ tools: list(entry(one)) }, [[one, {}]]);
        for (const grant of granted) expect(compilePattern(grant.name).matches(other)).toBe(false);
      }),
    );
  });

  it('lists a name once', () => {
    const { granted } = propose({ tools: list(entry('a'), entry('a')) }, [['a', {}]]);
    expect(granted).toHaveLength(1);
  });
});

describe('hosts', () => {
  it.each([
    ['*', []],
    ['*.example.com', []],
    ['example.com:*', []],
    ['example.com:0', []],
    ['a b', []],
    ['[::1]', []],
    ['-a.example', []],
    ['a:1:2', []],
    ['example.com', ['example.com']],
    ['example.com:8443', ['example.com:8443']],
  ])('%s', (host, hosts) => {
    expect(findHosts([host]).hosts).toEqual(hosts);
  });

  it.each(['localhost', '10.0.0.1', '169.254.169.254', 'printer.local', 'db:5432'])('says that %s is near', (host) => {
    expect(findHosts([host]).near).toEqual([host]);
  });
});

// The rules about one grant: wildcards, names that nothing has, use, ends.
import { describe, expect, test } from 'vitest';
import { DAY, found, lint, NOW, offer, oneScope, used } from './lint-scene.ts';

const grants = (...list: readonly object[]) => oneScope({ grants: list });

describe('wildcard-swallows', () => {
  const rule = 'wildcard-swallows';
  const of = (list: readonly object[], tools: readonly string[] | undefined, deny: readonly object[] = []) =>
    found(rule, oneScope({ grants: list, deny }), tools === undefined ? {} : { offers: { files: offer(tools) } });

  test('names the tools that only the wildcard grants', () => {
    const [text, ...more] = of([{ tool: 'list_*' }, { tool: 'list_a' }], ['list_a', 'list_b', 'list_c', 'x']);
    expect(text).toContain('now `list_b` and `list_c`');
    expect(more).toEqual([]);
  });

  test('is silent where all are named, denied, or nothing matches', () => {
    expect(of([{ tool: 'list_*' }, { tool: 'list_a' }], ['list_a'])).toEqual([]);
    expect(of([{ tool: 'list_*' }], ['list_a'], [{ tool: 'list_a' }])).toEqual([]);
    expect(of([{ tool: 'list_*' }], ['x'])).toEqual([]);
    expect(of([{ tool: 'list_*', expires: '2026-06-01' }], ['list_a'])).toEqual([]);
  });

  test('speaks where it is not known what is offered', () => {
    expect(of([{ tool: 'list_*' }], undefined)).toHaveLength(1);
    expect(of([{ tool: 'list_a' }], undefined)).toEqual([]);
  });

  test('of resources only what names nothing; of prompts and requests any', () => {
    const all = [{ resource: 'file:///x/*' }, { resource: '**' }, { prompt: 'p*' }, { request: '*' }];
    expect(of(all, []).map((text) => text.slice(0, 18))).toEqual(
      [1, 2, 3].map((at) => `scopes.s.grants[${at}]`.slice(0, 18)),
    );
  });

  test('names many tools in short, and hostile ones inert', () => {
    const [text = ''] = of(
      [{ tool: '*' }],
      Array.from({ length: 20 }, (_, at) => `t${at}\u001b[31m\``),
    );
    expect(text).toContain('and 12 more');
    expect(text).not.toContain('\u001b');
    expect(text).toContain("t0\\u{1b}[31m'`");
  });
});

describe('grant-matches-nothing', () => {
  const of = (list: readonly object[], facts: Parameters<typeof found>[2]) =>
    found('grant-matches-nothing', grants(...list), facts);

  test('a name or pattern that no tool and no prompt has', () => {
    const facts = { offers: { files: offer(['read'], { prompts: ['p'] }) } };
    const all = [{ tool: 'raed' }, { tool: 'x*' }, { prompt: 'q' }, { tool: 'read' }, { tool: 'r*' }, { prompt: 'p' }];
    expect(of(all, facts)).toHaveLength(3);
  });

  test('is silent where the list is not known to its end', () => {
    expect(of([{ tool: 'x' }], {})).toEqual([]);
    expect(of([{ tool: 'x' }], { offers: { files: offer([], { isComplete: false }) } })).toEqual([]);
    expect(of([{ prompt: 'x' }], { offers: { files: offer([], { prompts: undefined }) } })).toEqual([]);
    expect(of([{ resource: 'x' }, { request: 'sampling/createMessage' }], { offers: { files: offer([]) } })).toEqual(
      [],
    );
    expect(of([{ tool: 'x', expires: '2026-06-01' }], { offers: { files: offer([]) } })).toEqual([]);
  });

  test('a scope of two servers is asked of both', () => {
    const document = {
      version: 1,
      servers: { a: { command: 'a', scope: 's' }, b: { command: 'b', scope: 's' } },
      scopes: { s: { grants: [{ tool: 'x' }] } },
    };
    const rule = 'grant-matches-nothing';
    expect(found(rule, document, { offers: { a: offer([]), b: offer(['x']) } })).toEqual([]);
    expect(found(rule, document, { offers: { a: offer([]) } })).toEqual([]);
    expect(found(rule, document, { offers: { a: offer([]), b: offer([]) } })).toHaveLength(1);
  });
});

describe('grant-unused', () => {
  const of = (
    use: ReturnType<typeof used> | undefined,
    more: object = {},
    list: readonly object[] = [{ tool: 'read' }],
  ) => found('grant-unused', oneScope({ grants: list }, {}, more), use === undefined ? {} : { uses: { files: use } });

  test('says when it was last used, or that it never was', () => {
    expect(of(used({ read: 40 }))).toEqual(['scopes.s.grants[0]: tool `read`: it was last used 40 days ago']);
    expect(of(used({ other: 1 }))[0]).toContain('no use of it is on record, which goes back 100 days');
  });

  test.each([
    ['used lately', used({ read: 29 })],
    ['used on the very day', used({ read: 30 })],
    ['a record that does not go back so far', used({}, 29)],
    ['no record', undefined],
    ['a record with gaps', { ...used({}), hasMore: true }],
  ])('is silent: %s', (_, use) => {
    expect(of(use)).toEqual([]);
  });

  test('the config sets the days, the command line comes first', () => {
    expect(of(used({ read: 40 }), { lint: { unusedDays: 50 } })).toEqual([]);
    expect(of(used({ read: 40 }), { lint: { unusedDays: 39 } })).toHaveLength(1);
    const facts = { uses: { files: used({ read: 40 }) }, unusedDays: 50 };
    expect(
      found('grant-unused', oneScope({ grants: [{ tool: 'read' }] }, {}, { lint: { unusedDays: 39 } }), facts),
    ).toEqual([]);
  });

  test('a use counts for every grant that names it, and for its own kind only', () => {
    expect(of(used({ read: 1 }), {}, [{ tool: 'read' }, { tool: 'r*' }])).toEqual([]);
    expect(of(used({ read: 1 }), {}, [{ prompt: 'read' }])).toHaveLength(1);
  });
});

describe('grant-expired and grant-expiring', () => {
  const at = (ms: number): string => new Date(ms).toISOString();
  const rules = (expires: string) => lint(grants({ tool: 'read', expires })).findings.map(({ rule }) => rule);

  test.each([
    [at(NOW - 1), ['grant-expired']],
    [at(NOW), ['grant-expired']],
    [at(NOW + 1), ['grant-expiring']],
    [at(NOW + 14 * DAY), ['grant-expiring']],
    [at(NOW + 14 * DAY + 1), []],
    ['2026-06-30', ['grant-expired']],
    ['2026-07-01', ['grant-expiring']],
  ])('%s: %s', (expires, expected) => {
    expect(rules(expires)).toEqual(expected);
  });

  test('say how long', () => {
    expect(found('grant-expired', grants({ tool: 'read', expires: '2026-06-28' }))[0]).toContain('expired 2 days ago');
    expect(found('grant-expiring', grants({ tool: 'read', expires: at(NOW + DAY / 2) }))[0]).toContain(
      'in less than a day',
    );
  });
});

// Limits over the shared file with the built guard: two guards at once, what a refusal says, what never left, looking and resetting
// while they run, a config that narrows; loops and reach.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Yard } from './guarded.ts';
import { LockStage, type Session } from './lock-stage.ts';
import { configEvents, until } from './reload-stage.ts';

interface Answer {
  readonly result: {
    readonly content: readonly { readonly text: string }[];
    readonly _meta?: {
      readonly 'mcp-guard/decision'?: {
        readonly reason: string;
        readonly rule: string;
        readonly retryAfterMs?: number;
      };
    };
  };
}
interface Count {
  readonly limit: string;
  readonly subject: Readonly<Record<string, string | null>>;
  readonly used: number;
  readonly left: number;
  readonly resetsInMs: number;
}

const DAY_MS = 86_400_000;
const [command, ...args] = Yard.server('echo');

describe('two guards of one machine', () => {
  const yard = new Yard();
  const stage = new LockStage(yard, {
    version: 1,
    servers: { srv: { command, args, scope: 'all' } },
    scopes: { all: { grants: [{ tool: '*' }] } },
    limits: [
      { key: ['tool'], match: { tool: 'echo' }, rate: '3/day' },
      { key: ['tool'], match: { tool: 'spare' }, rate: '9/day', budget: { calls: 9, per: 'day', timeZone: 'UTC' } },
    ],
    loopGuard: { repeats: 3 },
    blastRadius: { calls: 14, tools: 3 },
  });
  let one: Session;
  let other: Session;
  let turn = 0;
  /** Never the same arguments, so that it is no loop. */
  const call = (session: Session, tool: string): Promise<string> => {
    turn += 1;
    return session.call(tool, { turn });
  };
  const status = (): readonly Count[] => {
    const { stdout } = yard.command('limits', 'status', '--json', '--config', stage.config);
    return stdout
      .trim()
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Count])); // a line of the guard's own
  };
  const usedOf = (limit: string) => status().find((count) => count.limit === limit)?.used ?? 0;

  beforeAll(async () => {
    [one, other] = await Promise.all([stage.open(), stage.open()]);
  });
  afterAll(async () => {
    await Promise.all([one, other].map(({ client }) => client.end()));
    expect(yard.command('audit', 'verify')).toMatchObject({ status: 0 });
    expect(await yard.close()).toEqual([]);
  });

  it('share a rate, whoever asks first; the refusal says which limit it is, and when to try again', async () => {
    const asked = [one, other, one, other, one, other].map((session) => call(session, 'echo'));
    const answers = await Promise.all(asked);
    expect(answers.toSorted()).toEqual([...Array(3).fill('answered'), ...Array(3).fill('rate_limited')]);
    for (const session of [one, other]) {
      const line = await session.client.request(`raw-${turn}`, 'tools/call', '{"name":"echo","arguments":{"raw":1}}');
      turn += 1;
      const { result } = JSON.parse(line) as Answer; // an answer of the guard
      const decision = result._meta?.['mcp-guard/decision'];
      expect(decision).toMatchObject({ reason: 'rate_limited', rule: 'limits[0].rate' });
      const { retryAfterMs = 0 } = decision ?? {};
      expect(retryAfterMs).toBeGreaterThan(DAY_MS / 3 - 30_000);
      expect(retryAfterMs).toBeLessThanOrEqual(DAY_MS / 3);
      expect(result.content[0]?.text).toContain(
        'Calls come faster than is allowed here: 3 per day for each tool. This call was not sent. Try again in 8 h (',
      );
    }
    expect(status()).toEqual([
      expect.objectContaining({ limit: 'limits[0].rate', subject: { tool: 'echo' }, used: 3, left: 0 }),
    ]);
  });

  it('are given back what never reached the server', async () => {
    expect(await call(one, 'spare')).toBe('answered');
    expect(usedOf('limits[1].budget')).toBe(1);
    expect(yard.command('breaker', 'isolate', 'srv', '--reason', 'for a test', '--config', stage.config)).toMatchObject(
      {
        status: 0,
      },
    );
    await expect.poll(() => call(other, 'unlimited'), { timeout: 3_000 }).not.toBe('answered');
    for (const session of [one, other]) expect(await call(session, 'spare')).not.toBe('answered');
    expect([usedOf('limits[1].budget'), usedOf('limits[1].rate')]).toEqual([1, 1]);
    yard.command('breaker', 'reset', 'srv', '--reason', 'for a test', '--config', stage.config);
    await expect.poll(() => call(other, 'unlimited'), { timeout: 3_000 }).toBe('answered');
  });

  it('see a reset at once, and a narrower limit as soon as it is in the config', async () => {
    const reset = yard.command(
      'limits',
      'reset',
      'tool=echo',
      '--reason',
      'for a test',
      '--yes',
      '--config',
      stage.config,
    );
    expect(reset).toMatchObject({ status: 0 });
    expect([await call(one, 'echo'), await call(other, 'echo')]).toEqual(['answered', 'answered']);
    stage.edit((config) => {
      config.limits = [{ key: ['tool'], match: { tool: 'echo' }, rate: '3/day', burst: 2 }];
    });
    await until('both have taken it over', () => configEvents(stage).length === 2);
    expect([await call(one, 'echo'), await call(other, 'echo')]).toEqual(['rate_limited', 'rate_limited']);
  });

  it('end a loop, and bound how far a session reaches', async () => {
    const same = [];
    for (let again = 0; again < 5; again += 1) same.push(await one.call('unlimited', { same: true }));
    expect(same).toEqual(['answered', 'answered', 'answered', 'loop_detected', 'loop_detected']);
    expect(await call(one, 'unlimited')).toBe('answered');
    expect(await call(one, 'fourth')).toBe('blast_radius');
    const rest = [];
    for (let again = 0; again < 14; again += 1) rest.push(await call(one, 'unlimited'));
    expect(rest[0]).toBe('answered');
    expect(rest.at(-1)).toBe('blast_radius');
    expect(await call(other, 'unlimited')).toBe('answered');
  });
});

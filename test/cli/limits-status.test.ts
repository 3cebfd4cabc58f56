// `limits status` and `limits reset`: what a person sees, what goes on record, and who may not.
import { describe, expect, test } from 'vitest';
import { openMemoryLimitStore } from '../../src/adapters/limit-store-memory.ts';
import type { Consent } from '../../src/cli/consent.ts';
import { type LimitsView, runLimitsReset, runLimitsStatus } from '../../src/cli/limits-status.ts';
import type { OneShotTrail } from '../../src/cli/one-shot-trail.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { chargesOf, LimitSet } from '../../src/policy/limits/limit-set.ts';
import { budget, place, rate } from '../adapters/limits/contract.ts';
import { ManualTime } from '../adapters/limits/manual-time.ts';
import { digest, limit } from '../policy/limits/limits-scene.ts';
import { HOSTILE } from './breaker-scene.ts';

class Scene {
  readonly time = new ManualTime();
  readonly store = openMemoryLimitStore();
  readonly records: unknown[] = [];
  out = '';
  closed = 0;
  readonly view: LimitsView = { store: this.store, now: () => this.time.now(), place: '/state', mend: 'mend that' };
  readonly io = (columns = 80) => ({
    stdout: {
      write: (text: string) => {
        this.out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        this.err += text;
      },
    },
    columns,
    color: false,
  });
  readonly trail: { -readonly [K in keyof OneShotTrail]: OneShotTrail[K] } = {
    record: (name, detail) => `seg:${this.records.push({ name, detail })}`,
    close: () => {
      this.closed += 1;
      return undefined;
    },
  };

  fill(): this {
    const at = this.time.wallMs;
    const label = (text: string) => ({ label: text });
    for (let again = 0; again < 2; again += 1)
      this.store.take([rate('a', label('limits[0].rate principal=local:ada'))], this.time.now());
    this.store.take(
      [
        rate('b', label(`servers.files.limits[0].rate tool=${HOSTILE}`)),
        { ...budget('c', at, 7_200_000, 3, 10), ...label('limits[1].budget') },
        { ...place('d', 'one', 4), ...label('limits[2].places principal=x') },
      ],
      this.time.now(),
    );
    return this;
  }
  async status(more = {}, columns = 80, ticks: (() => void)[] = []): Promise<string> {
    this.out = '';
    await runLimitsStatus({ tenant: 'default', ...more }, this.io(columns), this.view, {
      size: () => undefined,
      tick: async () => {
        const step = ticks.shift();
        step?.();
        return step !== undefined;
      },
    });
    return this.out;
  }
  code = 0;
  err = '';
  async reset(more = {}, consent: Partial<Consent> = {}, view = this.view): Promise<string> {
    this.out = '';
    const asked = { ask: undefined, isGuarded: false, ...consent };
    const context = { ...view, consent: asked, actor: 'ada', openTrail: () => this.trail };
    this.code = await runLimitsReset(
      { tenant: 'default', reason: 'has to finish', yes: true, ...more },
      this.io(),
      context,
    );
    return this.out;
  }
}

describe('limits status', () => {
  test('shows each count: used, left, when it is full, of whom; the fullest first', async () => {
    const lines = (await new Scene().fill().status()).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^limit +used +left +full in subject$/);
    expect(lines[1]).toMatch(/^limits\[0\]\.rate +2 +0 +2 s principal=local:ada$/);
    expect(lines.find((line) => line.startsWith('limits[1].budget'))).toMatch(/ 3 +7 +2 h all together$/);
    expect(lines.find((line) => line.startsWith('limits[2].places'))).toMatch(/ 1 +3 +as ended principal=x$/);
  });

  test.each([80, 40, 200])('fits into %d columns, whatever a tool is called', async (columns) => {
    const text = await new Scene().fill().status({}, columns);
    for (const line of text.trimEnd().split('\n')) expect(measureText(line)).toBeLessThanOrEqual(columns);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  test('as JSON, one object a count', async () => {
    const rows = (await new Scene().fill().status({ json: true }))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatchObject({
      tenant: 'default',
      limit: 'limits[0].rate',
      subject: { principal: 'local:ada' },
      kind: 'rate',
      used: 2,
      left: 0,
      resetsInMs: 2_000,
    });
    expect(rows.find(({ kind }) => kind === 'place')).toMatchObject({ used: 1, left: 3, resetsInMs: null });
  });

  test('says where it looked when there is nothing, and goes on where asked to', async () => {
    const scene = new Scene();
    expect(await scene.status()).toContain('/state');
    expect(await scene.status({ watch: true }, 80, [() => scene.fill(), () => {}])).toMatch(
      /nothing is counted[\s\S]*limits\[0\]\.rate[\s\S]*limits\[0\]\.rate/,
    );
  });

  test('what cannot be read is an error', async () => {
    const scene = new Scene();
    const view = {
      ...scene.view,
      store: { ...scene.store, list: () => ({ kind: 'unavailable' as const, why: 'gone' }) },
    };
    const watch = { size: () => undefined, tick: async () => false };
    await expect(runLimitsStatus({ tenant: 'default' }, scene.io(), view, watch)).rejects.toMatchObject({
      ...{ code: 'state_unusable', hint: 'mend that' },
    });
  });

  test('who watches waits for a store that is away', async () => {
    const scene = new Scene().fill();
    let isAway = true;
    const list: LimitsView['store']['list'] = (now) =>
      isAway ? { kind: 'unavailable', why: 'no answer within 1000 ms' } : scene.store.list(now);
    const view = { ...scene.view, store: { ...scene.store, list } };
    const ticks = [true, false];
    const watch = {
      size: () => undefined,
      tick: async () => {
        isAway = false;
        return ticks.shift() === true;
      },
    };
    expect(await runLimitsStatus({ tenant: 'default', watch: true }, scene.io(), view, watch)).toBe(0);
    expect(scene.out).toMatch(/the limits cannot be read: no answer within 1000 ms[\s\S]*limits\[0\]\.rate/);
    isAway = true;
    scene.out = '';
    await runLimitsStatus({ tenant: 'default', watch: true, json: true }, scene.io(), view, watch);
    expect(scene.out).toBe('');
  });

  test('what each guard counts for itself nobody else sees, and that is said', async () => {
    const scene = new Scene().fill();
    const alone = { ...scene.view, place: undefined };
    const watch = { size: () => undefined, tick: async () => false };
    expect(await runLimitsStatus({ tenant: 'default' }, scene.io(), alone, watch)).toBe(0);
    expect(scene.out.replace(/\n/g, ' ')).toContain('each guard counts for itself, so nobody else can show it');
    await expect(scene.reset({}, {}, alone)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('limits reset', () => {
  test('counts anew, on record before and after; calls under way keep their places', async () => {
    const scene = new Scene().fill();
    expect(await scene.reset()).toContain('3 counts begin anew');
    expect(scene.records).toEqual([
      { name: 'limits', detail: { stage: 'asked', about: null, actor: 'ada', reason: 'has to finish', keys: 3 } },
      { name: 'limits', detail: { stage: 'reset', about: null, actor: 'ada', reason: 'has to finish', keys: 3 } },
    ]);
    expect(scene.closed).toBe(1);
    expect(
      (await scene.status({ json: true }))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).kind),
    ).toEqual(['place']);
  });

  test('of what it is about, nothing else', async () => {
    const scene = new Scene().fill();
    expect(await scene.reset({ about: 'principal=local:ada' })).toBe(
      '`principal=local:ada`: one count begins anew; calls under way keep their places\n',
    );
    expect((await scene.status({ json: true })).trimEnd().split('\n')).toHaveLength(3);
  });

  test('by whole fields: no name that a client gives itself begins the count of another anew', async () => {
    const scene = new Scene();
    const principals = ['token:ada', 'token:bob'];
    const clients = ['x', 'principal=token:ada x', '" principal=token:ada', 'token:ada'];
    const limits = [limit({ key: ['principal', 'client'], rate: '1/h' })];
    const set = new LimitSet(limits, digest);
    for (const principal of principals)
      for (const client of clients) {
        const subject = { tenant: 'default', principal, client, model: undefined, server: 's', tool: 't' };
        const size = { bytesIn: 1, wallMs: 0, lease: () => '' };
        scene.store.take(chargesOf(set.billOf(subject), size), scene.time.now());
      }
    const rows = (await scene.status({ json: true }))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).subject);
    expect(rows).toHaveLength(8);
    for (const principal of principals)
      for (const client of clients) expect(rows).toContainEqual({ principal, client });
    const left = async (about: string): Promise<readonly string[]> => {
      await scene.reset({ about });
      const text = (await scene.status({ json: true })).trimEnd();
      return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line).subject.principal);
    };
    expect(await left('oken:ada')).toHaveLength(8);
    expect(await left('client=x principal=token:ada')).toHaveLength(7);
    expect(await left('principal=token:ada')).toEqual(Array(4).fill('token:bob'));
    expect(await left('token:bob')).toEqual([]);
  });

  test('what nothing is about is said, with what there is; nothing is done and nothing recorded', async () => {
    const scene = new Scene().fill();
    const before = await scene.status();
    expect(await scene.reset({ about: 'limit[0]' })).toBe('');
    expect([scene.code, scene.records]).toEqual([1, []]);
    const said = scene.err.replace(/\n/g, ' ');
    expect(said).toContain('about `limit[0]`');
    expect(said).toContain('`limits[0].rate`, `principal=local:ada`');
    expect(scene.err.split('\n').filter((line) => measureText(line) > 80)).toEqual([]);
    scene.err = '';
    expect(await scene.reset({ about: 'limits[2]', json: true })).toBe('{"tenant":"default","reset":0}\n');
    expect(scene.err).toContain('calls under way');
    expect(await scene.status()).toBe(before);
    const none = new Scene();
    await none.reset({ about: 'x' });
    expect(none.err).toContain('nothing is counted now');
  });

  test.each([
    ['without a reason', { reason: undefined }, {}, 'usage'],
    ['inside a guarded server', {}, { isGuarded: true }, 'approval_declined'],
    ['where nobody can be asked', { yes: false }, {}, 'approval_declined'],
    ['where the answer is no', { yes: false }, { ask: async () => 'n' }, 'approval_declined'],
  ])('changes nothing %s', async (_, more, consent, code) => {
    const scene = new Scene().fill();
    const before = await scene.status();
    await expect(scene.reset(more, consent)).rejects.toMatchObject({ code });
    expect(scene.records).toEqual([]);
    expect(await scene.status()).toBe(before);
  });

  test('asks on a terminal, naming how many and of what; the terminal’s yes will do', async () => {
    const scene = new Scene().fill();
    const asked: string[] = [];
    const ask = async (question: string) => {
      asked.push(question);
      return 'y';
    };
    expect(await scene.reset({ yes: undefined, about: 'principal=local:ada' }, { ask })).toContain('one count begins');
    expect(asked).toEqual(['begin one count about `principal=local:ada` of default anew? [y/N] ']);
    const elsewhere = await scene.reset({ yes: undefined }).catch((error: unknown) => error);
    expect(elsewhere).toMatchObject({
      message: 'there is no terminal to ask on',
      hint: expect.stringContaining('--yes'),
    });
  });

  test('changes nothing where it cannot be recorded', async () => {
    const scene = new Scene().fill();
    const before = await scene.status();
    scene.trail.record = () => {
      throw new Error('disk full');
    };
    await expect(scene.reset()).rejects.toThrow('disk full');
    expect(await scene.status()).toBe(before);
  });
});

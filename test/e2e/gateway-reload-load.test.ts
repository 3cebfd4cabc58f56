// A config that narrows and widens again and again while sixty-four calls are under way to two servers behind one entry: each is answered
// once, by its own server or by the policy that holds; the other server notices nothing, and none is started anew.
import { expect, test } from 'vitest';
import { openGateway } from './gateway-stage.ts';
import { Yard } from './guarded.ts';
import { LockStage, type Session } from './lock-stage.ts';
import { pages } from './peers.ts';
import { configEvents, scopeOf, until } from './reload-stage.ts';

const AT_ONCE = 64;
const FLIPS = 6;
/** Calls sent after each change is in force. */
const AFTER = 150;

type Fate = 'answered' | 'refused' | 'crossed';

/** Keeps sixty-four calls open, half to each server. */
class Traffic {
  readonly fates = new Map<number, Fate>();
  readonly twice: number[] = [];
  sent = 0;
  #read = 0;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  static serverOf(serial: number): string {
    return serial % 2 === 0 ? 'srv' : 'twin';
  }

  /** Sends until `total` are sent, and waits until no more than `open` are. */
  async run(total: number, open: number): Promise<void> {
    const { client } = this.#session;
    await until(`${total} calls are sent, ${open} open`, () => {
      this.#take();
      while (this.sent < total && this.sent - this.fates.size < AT_ONCE) {
        const serial = this.sent;
        this.sent += 1;
        const params = { name: `${Traffic.serverOf(serial)}__work`, arguments: { serial } };
        client.write(
          `${JSON.stringify({ jsonrpc: '2.0', id: `l${serial}`, method: 'tools/call', params: { ...params } })}\n`,
        );
      }
      return this.sent === total && this.sent - this.fates.size <= open;
    });
  }

  #take(): void {
    const { lines } = this.#session.client;
    for (; this.#read < lines.length; this.#read += 1) {
      const line = lines[this.#read] ?? '';
      const serial = Number(/"id":"l(\d+)"/.exec(line)?.[1] ?? Number.NaN);
      if (Number.isNaN(serial)) continue;
      if (this.fates.has(serial)) this.twice.push(serial);
      const isOwn = line.includes(`"${Traffic.serverOf(serial)} worked ${serial}"`);
      this.fates.set(serial, isOwn ? 'answered' : line.includes('Unknown tool') ? 'refused' : 'crossed');
    }
  }
}

test('every call under way has one answer, and the next message after a change has the new policy', async () => {
  const yard = new Yard();
  const entry = (name: string, scope: string) => {
    const [command, ...args] = pages(name).command(yard.home);
    return { command, args, scope };
  };
  const stage = new LockStage(yard, {
    version: 1,
    servers: { srv: entry('srv', 'one'), twin: entry('twin', 'two') },
    scopes: { one: { grants: [{ tool: '*' }], deny: [] }, two: { grants: [{ tool: '*' }] } },
  });
  const session = await openGateway(stage);
  const traffic = new Traffic(session);
  /** By the policy that was in force when they were sent. */
  const settled: { readonly from: number; readonly to: number; readonly fate: Fate }[] = [];
  try {
    expect(await session.tools()).toEqual(expect.arrayContaining(['srv__work', 'twin__work', 'twin__p2_3']));
    for (let flip = 1; flip <= FLIPS; flip += 1) {
      await traffic.run(traffic.sent + AT_ONCE, AT_ONCE);
      stage.edit((config) => {
        scopeOf(config).deny = flip % 2 === 1 ? [{ tool: 'work' }] : [];
      });
      await until('it is taken over', () => configEvents(stage).length === flip);
      const from = traffic.sent;
      await traffic.run(from + AFTER, AT_ONCE);
      settled.push({ from, to: traffic.sent, fate: flip % 2 === 1 ? 'refused' : 'answered' });
    }
    await traffic.run(traffic.sent, 0);
    expect(traffic.twice).toEqual([]);
    expect(traffic.fates.size).toBe(traffic.sent);
    const fatesOf = (server: string, from: number, to: number) =>
      new Set(
        [...traffic.fates].flatMap(([serial, fate]) =>
          serial >= from && serial < to && Traffic.serverOf(serial) === server ? [fate] : [],
        ),
      );
    expect(fatesOf('twin', 0, traffic.sent)).toEqual(new Set(['answered']));
    for (const { from, to, fate } of settled) expect(fatesOf('srv', from, to)).toEqual(new Set([fate]));
    expect(stage.events('server_started')).toHaveLength(2);
  } finally {
    await session.client.end();
  }
  expect(yard.command('audit', 'verify')).toMatchObject({ status: 0 });
  expect(await yard.close()).toEqual([]);
});

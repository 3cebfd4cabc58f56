// Which servers a gateway opens, keeps and leaves when another policy takes over; and that nothing is opened which nobody has approved or
// which the session cannot vouch for.
import { expect, it } from 'vitest';
import { type FollowLanesParts, followLanes } from '../../src/cli/follow-lanes.ts';
import type { HeldPolicy } from '../../src/cli/open-policy.ts';
import type { PreparedLane } from '../../src/cli/prepare-lane.ts';
import type { ServerLane } from '../../src/cli/run-lane.ts';
import type { ServerPolicy } from '../../src/config/policy.ts';
import type { LaneSettings } from '../../src/core/gateway/settings.ts';
import type { UpstreamCommand } from '../../src/ports/upstream.ts';
import { laneSettings } from '../core/gateway/gateway-playbook.ts';

const REFUSED = { reason: 'not_approved', rule: 'lock', text: 'not approved', retryAfterMs: undefined };
// as much of a policy as is asked here
const held = (...ids: readonly string[]) =>
  ({ policy: { servers: new Map(ids.map((id) => [id, { id }])) } }) as unknown as HeldPolicy;
const laneOf = (command: () => object = () => STARTED): ServerLane => ({
  lists: { couldShow: () => true, hides: () => false, mayShow: () => true, shownOf: () => undefined },
  // as much of a lane as is asked here
  open: () => {
    throw new Error('not opened here');
  },
  command: command as () => UpstreamCommand,
  refusal: () => undefined,
  isolation: 'none',
});
const STARTED = {};

function setUp(more: Partial<FollowLanesParts> = {}, prepared: Partial<PreparedLane> = {}) {
  const told: { lanes: readonly LaneSettings[]; renewed: readonly string[] }[] = [];
  const opened: string[] = [];
  const listed: string[] = [];
  const lanes = new Map([['a', laneOf()]]);
  const prepare = async ({ id }: ServerPolicy): Promise<PreparedLane> => ({
    settings: laneSettings(id),
    // as much of a server as is handed on
    server: { entry: { id } } as unknown as PreparedLane['server'],
    ...{ secrets: [], isolation: 'none', notes: [] },
    ...prepared,
  });
  const follower = followLanes({
    ...{ asked: undefined, settings: [laneSettings('a')], lanes, secrets: [{ name: 'K', value: 'known' }] },
    ...{ isolation: 'none', prepare, settingsOf: ({ id }) => laneSettings(id), mayUse: () => true },
    open: ({ entry }) => {
      opened.push(entry.id);
      return laneOf();
    },
    tell: ({ lanes: settings, renewed }) => void told.push({ lanes: settings, renewed: [...renewed] }),
    list: (id) => void listed.push(id),
    ...more,
  });
  const go = async (next: HeldPolicy) => {
    const { notes, commit } = await follower.prepare(next);
    expect(opened).toEqual([]);
    commit();
    return { notes, lanes: told.at(-1)?.lanes ?? [], renewed: told.at(-1)?.renewed, opened: opened.splice(0) };
  };
  return { go, follower, lanes, told, listed };
}
const idsOf = (lanes: readonly LaneSettings[]) => lanes.map(({ lane, refusal }) => `${lane}${refusal ? '!' : ''}`);

it('opens one that came, once, in its place; leaves out one that has left', async () => {
  const { go } = setUp();
  const came = await go(held('b', 'a'));
  expect([idsOf(came.lanes), came.opened, came.renewed]).toEqual([['b', 'a'], ['b'], []]);
  expect(came.notes).toEqual(['`b` is behind this gateway from now on']);
  const left = await go(held('b'));
  expect([idsOf(left.lanes), left.opened, left.notes]).toEqual([['b'], [], []]);
  const back = await go(held('a', 'b'));
  expect([idsOf(back.lanes), back.opened]).toEqual([['a', 'b'], []]);
});

it('asks for no server but those of `--servers`, and for none that the identity may not use', async () => {
  expect(idsOf((await setUp({ asked: 'a, c' }).go(held('a', 'b', 'c'))).lanes)).toEqual(['a', 'c']);
  expect(idsOf((await setUp({ mayUse: (id) => id !== 'b' }).go(held('a', 'b'))).lanes)).toEqual(['a']);
});

it.each([
  ['a secret that the masker does not know', { secrets: [{ name: 'K', value: 'new' }] }, {}, 'mask (`K`): start'],
  ['a weaker isolation than the trail says', {}, { isolation: 'L2' as const }, 'says (`L2`): start'],
])('does not open one with %s, and says which', async (_, prepared, more, why) => {
  const { go } = setUp(more, prepared);
  const { lanes, opened, notes } = await go(held('a', 'b'));
  expect([idsOf(lanes), opened]).toEqual([['a', 'b!'], []]);
  expect(notes).toEqual([expect.stringContaining(`${why} the guard anew`)]);
  expect((await go(held('a', 'b'))).notes).toEqual([]);
});

it('opens one with secrets that the session knows, and a stronger isolation', async () => {
  const { go } = setUp({ isolation: 'L1' }, { secrets: [{ name: 'K', value: 'known' }], isolation: 'L3' });
  expect((await go(held('a', 'b'))).opened).toEqual(['b']);
});

it('opens one that nobody has approved when somebody has', async () => {
  let refusal: LaneSettings['refusal'] = REFUSED;
  const prepare: FollowLanesParts['prepare'] = async ({ id }) => ({
    settings: laneSettings(id, { refusal }),
    // as much of a server as is handed on
    server: refusal === undefined ? ({ entry: { id } } as unknown as PreparedLane['server']) : undefined,
    ...{ secrets: [], isolation: 'none', notes: ['late'] },
  });
  const { go, follower, listed } = setUp({ prepare });
  const before = await go(held('a', 'b'));
  expect([listed, follower.standing?.()]).toEqual([['a', 'b'], ['`b` is left out: not approved']]);
  expect((await go(held('a', 'b'))).notes).toEqual([]);
  expect(follower.standing?.()).toHaveLength(1);
  expect([idsOf(before.lanes), before.opened, before.notes]).toEqual([
    ['a', 'b!'],
    [],
    ['`b` is left out: not approved'],
  ]);
  refusal = undefined;
  expect(await go(held('a', 'b'))).toMatchObject({
    opened: ['b'],
    notes: ['`b` is behind this gateway from now on', 'late'],
  });
  expect(follower.standing?.()).toEqual([]);
});

it('keeps one that runs where it is while its new entry is not approved, prefix and all', async () => {
  const settingsOf = () => laneSettings('a', { prefix: 'new_', refusal: REFUSED });
  const { go } = setUp({ settingsOf });
  // what runs goes on by its own policies, and what does not is not started
  expect((await go(held('a'))).lanes).toEqual([laneSettings('a', { refusal: settingsOf().refusal })]);
});

it('says which ones another command starts', async () => {
  let command = {};
  const { go, lanes, follower, told } = setUp();
  lanes.set(
    'a',
    laneOf(() => command),
  );
  expect((await go(held('a'))).renewed).toEqual([]);
  const { commit } = await follower.prepare(held('a'));
  // what its own follower does between the two
  command = {};
  commit();
  expect(told.at(-1)?.renewed).toEqual(['a']);
  expect((await go(held('a'))).renewed).toEqual([]);
});

it('two that would have one prefix keep the old policy; one that cannot be opened is left out', async () => {
  const settingsOf = () => laneSettings('a', { prefix: 'b__' });
  await expect(setUp({ settingsOf }).follower.prepare(held('a', 'b'))).rejects.toThrow('would have one prefix');
  const { go } = setUp({
    open: () => {
      throw new Error('no room');
    },
  });
  const { lanes } = await go(held('a', 'b'));
  expect(idsOf(lanes)).toEqual(['a', 'b!']);
  expect(lanes[1]?.refusal?.text).toContain('no room');
});

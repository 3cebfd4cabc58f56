// `scope lint --live`: every server is asked or has a reason, no failure ends the look, and what must not be started is not.
import { expect, test } from 'vitest';
import type { ListedServer } from '../../src/adapters/list-server.ts';
import { type LiveLook, lookLive } from '../../src/cli/live-look.ts';
import { openWaitNote } from '../../src/cli/wait-note.ts';
import { GuardError } from '../../src/guard-error.ts';
import type { SeenSet } from '../../src/policy/pins/seen-set.ts';
import type { UpstreamCommand } from '../../src/ports/upstream.ts';
import { compile } from './scope-scene.ts';

const SEEN: SeenSet = { pins: { tools: new Map(), instructions: 'x' }, hasInstructions: true };
const listed = (more: object = {}): ListedServer => ({
  kind: 'listed',
  listing: { server: undefined, lists: {}, seen: SEEN, faults: [], ...more },
});

const upstream = ({ command, args }: { command: string; args: readonly string[] }): UpstreamCommand => ({
  ...{ command, args, cwd: undefined, env: {}, stderr: 'pipe' },
});

function look(ids: readonly string[], more: Partial<LiveLook> = {}) {
  const remembered: string[] = [];
  const started: string[] = [];
  const servers = Object.fromEntries(ids.map((id) => [id, { command: `run-${id}` }]));
  const list = more.list ?? (async () => listed());
  const failures = lookLive({
    policy: compile({ servers }),
    refusal: () => undefined,
    commandOf: upstream,
    remember: async (id) => void remembered.push(id),
    onWait: () => {},
    ...more,
    list: (id, command) => {
      started.push(command.command);
      return list(id, command);
    },
  });
  return { failures, remembered, started };
}

const fault = new GuardError('secret_unresolved', '`TOKEN` needs `env:TOKEN`, which is not set or empty');

test('each server is started once, and what it offers is kept', async () => {
  const ids = Array.from({ length: 9 }, (_, index) => `s${index}`);
  const { failures, remembered, started } = look(ids);
  expect(await failures).toEqual(new Map());
  expect(started.toSorted()).toEqual(ids.map((id) => `run-${id}`));
  expect(remembered.toSorted()).toEqual(ids);
});

test('no more than four run at once', async () => {
  let running = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  const { failures } = look(['a', 'b', 'c', 'd', 'e', 'f'], {
    list: async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => waiting.push(resolve));
      running -= 1;
      return listed();
    },
  });
  while (waiting.length < 4) await Promise.resolve();
  const isOver = failures.then(() => true);
  for (let ended = 0; ended < 6; ) {
    const next = waiting.shift();
    if (next === undefined) await Promise.resolve();
    else {
      next();
      ended += 1;
    }
  }
  expect(await isOver).toBe(true);
  expect(most).toBe(4);
});

test('what fails is a reason, and the others are asked all the same', async () => {
  const lists: Readonly<Record<string, () => Promise<ListedServer>>> = {
    ends: async () => ({ kind: 'refused', why: 'it ended with status 1' }),
    gone: async () => ({ kind: 'unstartable', why: 'no such program' }),
    part: async () => listed({ seen: undefined, faults: [{ kind: 'tools', why: 'it gives the same cursor again' }] }),
    good: async () => listed(),
  };
  const { failures, remembered, started } = look(['secret', 'locked', 'ends', 'gone', 'part', 'good', 'full'], {
    refusal: (id) => (id === 'locked' ? 'not approved' : undefined),
    commandOf: ({ id, command, args }) => {
      if (id === 'secret') throw fault;
      return upstream({ command, args });
    },
    list: async (id) => (await lists[id]?.()) ?? listed(),
    remember: async (id) => {
      if (id === 'full') throw new GuardError('state_unusable', 'the disk is full');
      remembered.push(id);
    },
  });
  expect(Object.fromEntries(await failures)).toEqual({
    secret: '`TOKEN` needs `env:TOKEN`, which is not set or empty',
    locked: 'not approved',
    ends: 'it ended with status 1',
    gone: 'no such program',
    part: 'its tools are not whole: it gives the same cursor again',
    full: 'the disk is full',
  });
  expect(started.toSorted()).toEqual(['run-ends', 'run-full', 'run-gone', 'run-good', 'run-part']);
  // a part of a list is nothing to compare with
  expect(remembered).toEqual(['good']);
});

test('a defect of the guard is no finding', async () => {
  const { failures } = look(['a'], {
    list: async () => {
      throw new TypeError('a defect');
    },
  });
  await expect(failures).rejects.toThrow('a defect');
});

test('what is still waited for is told, until nothing is', async () => {
  const waits: string[] = [];
  const { failures } = look(['a', 'b'], {
    onWait: (servers) => waits.push(servers.join()),
    refusal: (id) => (id === 'b' ? 'no' : undefined),
  });
  await failures;
  expect([waits[0], waits.at(-1), waits.length]).toEqual(['a,b', '', 3]);
});

test('stderr hears of it after a moment, then every half minute, and no more once it is over', () => {
  const said: string[] = [];
  const timers: { ms: number; action: () => void }[] = [];
  const after = (ms: number, action: () => void) => {
    const timer = { ms, action };
    timers.push(timer);
    return () => void timers.splice(timers.indexOf(timer), 1);
  };
  const note = openWaitNote('what they offer', { after }, (text) => said.push(text));
  note.waitFor(['a', '\u001bb']);
  note.waitFor(['\u001bb']);
  expect(timers.map(({ ms }) => ms)).toEqual([3_000]);
  timers.shift()?.action();
  expect(said).toEqual(['still asking `\\u{1b}b` what they offer']);
  expect(timers.map(({ ms }) => ms)).toEqual([30_000]);
  note.waitFor([]);
  expect(timers).toEqual([]);
});

// An erasure looks at its tenant again once it has the yes, behind a claim that keeps everybody out, and begins nothing where somebody came in.
import { expect, test } from 'vitest';
import { type EraseContext, runTenantErase } from '../../src/cli/tenant-erase.ts';
import { openScreen } from './screen.ts';

const SHUT_OUT = { isSuspended: true, sessions: [] };
const FACTS = {
  ...{ id: 'acme', isConfigured: true, suspended: undefined, erased: undefined, segments: 2, recordBytes: 9 },
  ...{ ...SHUT_OUT, quotaBytes: undefined, state: '/s/acme', homes: '/s-homes/acme' },
};

function erase(more: Partial<EraseContext> = {}) {
  const steps: string[] = [];
  const note = (step: string) => () => void steps.push(step);
  const ended = runTenantErase({ reason: 'r', yes: true }, openScreen().io, {
    ...{ facts: FACTS, actor: 'ada', consent: { isGuarded: false, ask: async () => 'y' } },
    openTrail: () => ({
      record: (_name, detail) => {
        steps.push(String(detail.stage));
        return 'id';
      },
      close: () => undefined,
    }),
    claim: async () => {
      steps.push('claim');
      return { release: note('release'), cancel: note('cancel') };
    },
    look: () => SHUT_OUT,
    endLeftovers: async () => void steps.push('leftovers'),
    erase: () => {
      steps.push('erase');
      return { segments: 2, records: 1, hadMore: false };
    },
    leaveTombstone: note('tombstone'),
    ...more,
  });
  return { ended, steps };
}

test('claimed first, let go last', async () => {
  const { ended, steps } = erase();
  expect(await ended).toBe(0);
  expect(steps).toEqual(['claim', 'erase_asked', 'leftovers', 'erase', 'tombstone', 'erased', 'release']);
});

const SESSION = [{ pid: 7, servers: ['srv'] }];

test.each([
  ['let in', { isSuspended: false, sessions: [] }, 'it is not suspended'],
  ['at work again', { isSuspended: true, sessions: SESSION }, '1 of its sessions run'],
])('%s while it waited for the yes: refused, nothing recorded or erased', async (_, found, why) => {
  const { ended, steps } = erase({ look: () => found });
  await expect(ended).rejects.toMatchObject({ code: 'tenant_active', message: `\`acme\` cannot be erased: ${why}` });
  expect(steps).toEqual(['claim', 'cancel']);
});

test('at work again while what was left behind was ended: nothing erased', async () => {
  let looks = 0;
  const look = () => {
    looks += 1;
    return { ...SHUT_OUT, sessions: looks > 1 ? SESSION : [] };
  };
  const { ended, steps } = erase({ look });
  await expect(ended).rejects.toMatchObject({ code: 'tenant_active' });
  expect(steps).toEqual(['claim', 'erase_asked', 'leftovers', 'cancel']);
});

test('given again, what the order that found something said stays; where something has come since, it does not', async () => {
  const erased = { at: '2026-03-02T12:00:00.000Z', actor: 'ada', reason: 'asked for' };
  const again = { facts: { ...FACTS, erased } };
  const of = async (left: { records: number; hadMore: boolean }, more: Partial<EraseContext> = again) => {
    const { ended, steps } = erase({ ...more, erase: () => ({ segments: 2, ...left }) });
    expect(await ended).toBe(0);
    return [steps.includes('tombstone'), steps.includes('erased')];
  };
  expect(await of({ records: 0, hadMore: false })).toEqual([false, true]);
  expect(await of({ records: 1, hadMore: false })).toEqual([true, true]);
  expect(await of({ records: 0, hadMore: true })).toEqual([true, true]);
  expect(await of({ records: 0, hadMore: false }, {})).toEqual([true, true]);
});

test('cut short it keeps its claim', async () => {
  const fails = () => {
    throw new Error('disk');
  };
  const { ended, steps } = erase({ erase: fails });
  await expect(ended).rejects.toThrow('disk');
  expect(steps).toEqual(['claim', 'erase_asked', 'leftovers']);
});

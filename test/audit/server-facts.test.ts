// How a server ended last, as `status` shows it: one that never ran has not exited.
import { expect, it } from 'vitest';
import { SessionFacts } from '../../src/audit/server-facts.ts';

it.each([
  ['code 1', 69, 'exited (code 1)'],
  ['cannot start `x`: it is in no directory of PATH', 69, 'cannot start `x`: it is in no directory of PATH'],
])('%s', (how, status, text) => {
  const facts = new SessionFacts(['s']);
  const at = { wallMs: 7, monoMs: 0 };
  facts.see({ type: 'event', at, ref: undefined, name: 'server_exited', server: 's', detail: { how, status } });
  expect(facts.of('s').lastError).toEqual({ atMs: 7, text });
});

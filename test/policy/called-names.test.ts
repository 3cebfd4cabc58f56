// Behind a gateway every refusal names the tool as the client called it; without one, as the server does.
import { expect, test } from 'vitest';
import { calledName } from '../../src/core/called-name.ts';
import type { Interceptor, RequestView } from '../../src/core/interceptor.ts';
import { createSwitchedOff } from '../../src/policy/breaker/switched-off.ts';
import { createBulkhead } from '../../src/policy/bulkhead/bulkhead.ts';
import { createLoopGuard } from '../../src/policy/limits/loop-guard.ts';
import { createPins } from '../../src/policy/pins/pins.ts';
import { denyUse } from '../../src/policy/scope/scope-denial.ts';
import { READ } from './pins/pin-scene.ts';
import { pinsOf } from './pins/pins-of.ts';

const NOW = { wallMs: 0, monoMs: 0 };
const view = (prefix: string | undefined, upstream = 'files'): RequestView => ({
  ...{
    asked: 'client',
    upstream,
    method: 'tools/call',
    tool: 'read',
    params: { arguments: {} },
    modern: false,
    prefix,
  },
});
const openPins = () =>
  createPins({
    servers: new Map([
      [
        'files',
        {
          ...{ known: { pins: pinsOf([READ]), hasInstructions: true }, since: 'approved', config: undefined },
          isObserved: false,
        },
      ],
    ]),
    isPaused: () => false,
    commandOptions: '',
    onFinding: () => {},
    onListed: () => {},
  });
/** Of the second of two calls. */
function refusalOf(interceptor: Interceptor, prefix: string | undefined): string {
  interceptor.onRequest?.(view(prefix), NOW);
  const verdict = interceptor.onRequest?.(view(prefix), NOW);
  return verdict?.kind === 'deny' ? verdict.text : String(verdict?.kind);
}

const SOURCES: readonly (readonly [string, (prefix: string | undefined) => string])[] = [
  ['a loop', (prefix) => refusalOf(createLoopGuard({ repeats: () => 1, digest: (text) => text }), prefix)],
  [
    'a full bulkhead',
    (prefix) =>
      refusalOf(
        createBulkhead({
          serverSettings: () => ({ maxInFlight: 9 }),
          toolSettings: () => ({ maxInFlight: 1, maxWaitMs: 0 }),
        }),
        prefix,
      ),
  ],
  [
    'a breaker',
    (prefix) =>
      refusalOf(
        createSwitchedOff((_, tool, __, before) => ({
          ...{ kind: 'deny', reason: 'r', rule: 'r', retryAfterMs: undefined },
          text: `\`${calledName({ prefix: before }, tool)}\``,
        })),
        prefix,
      ),
  ],
  [
    'a drifted definition',
    (prefix) => {
      const interceptor = openPins();
      interceptor.onResponse?.({ ...view(prefix), method: 'tools/list' }, { tools: [{ ...READ, title: 'New' }] }, NOW);
      return refusalOf(interceptor, prefix);
    },
  ],
  ['a scope', (prefix) => denyUse({ kind: 'approval', rule: 'r' }, view(prefix), 'tool', 'read').text],
];

test.each(SOURCES)('%s', (_, refuse) => {
  expect(refuse('p__')).toContain('`p__read`');
  expect(refuse(undefined)).toContain('`read`');
});

test('a resource has no prefix, and a person’s command has the server’s id', () => {
  expect(denyUse({ kind: 'approval', rule: 'r' }, view('p__'), 'resource', 'x://1').text).toContain('`x://1`');
  const interceptor = openPins();
  interceptor.onResponse?.({ ...view('p__'), method: 'tools/list' }, { tools: [{ ...READ, title: 'New' }] }, NOW);
  expect(refusalOf(interceptor, 'p__')).toContain('--server files');
});

// Whatever a policy or the session reads of a message by name stands in the table by which keys are compared: a member that it does not
// name could come twice, in another case, and mean one thing here and another to who gets it.
import { expect, test } from 'vitest';
import type { RequestView, Settled } from '../../src/core/interceptor.ts';
import { Session } from '../../src/core/session.ts';
import { BARE_DEADLINE, DEFAULT_RESTART } from '../../src/core/settings.ts';
import { createInterceptors } from '../../src/policy/chain.ts';
import { createInventoryWatch } from '../../src/policy/inventory/inventory.ts';
import { createLoopGuard } from '../../src/policy/limits/loop-guard.ts';
import { createPins } from '../../src/policy/pins/pins.ts';
import { narrowGreeting } from '../../src/policy/scope/scope-narrowing.ts';
import type { Line, Message } from '../../src/wire/message.ts';
import { ENVELOPE, type Shape } from '../../src/wire/policed-objects.ts';
import { REQUEST_METHODS } from '../../src/wire/protocol-keys.ts';
import { bareParts } from './bare-parts.ts';
import { Inventor, type Sightings } from './invented.ts';
import { layersOf } from './scope/make-scope.ts';

const SERVER = 'files';
const METHODS = [...REQUEST_METHODS, 'vendor/thing'];
const NOTES = [
  'notifications/resources/updated',
  'notifications/tasks',
  'notifications/tasks/status',
  'notifications/x',
];
const NOW = { wallMs: 0, monoMs: 0 };
const SETTLED: Settled = {
  ...{ settlement: 'result', errorCode: undefined, isError: undefined, resultType: undefined, taskId: undefined },
  ...{ durationMs: 1, heard: true, answerBytes: 1 },
};
const EVERYTHING = layersOf({
  grants: [
    ...[{ tool: '*' }, { prompt: '*', args: { '/a': { optional: true } } }, { resource: '*' }, { request: '*' }],
    { method: '*' },
  ],
});

function chain() {
  const scope = { layers: EVERYTHING, mode: 'enforce' } as const;
  return createInterceptors(
    bareParts({
      inventory: createInventoryWatch({ digest: (text) => text, later: (work) => work(), offer: () => {} }),
      scopes: new Map([[SERVER, scope]]),
      pins: createPins({
        servers: new Map([[SERVER, { known: undefined, since: 'first_seen', config: undefined, isObserved: false }]]),
        isPaused: () => false,
        commandOptions: '',
        onFinding: () => {},
        onListed: () => {},
      }),
      limits: [createLoopGuard({ repeats: () => 3, digest: (text) => text })],
      hiding: [SERVER],
    }),
  );
}

/** Each policy by itself, so that one that denies hides nothing from the next. */
function askPolicies(inventor: Inventor, method: string, asked: 'client' | 'server'): void {
  for (const one of chain()) {
    const tool = method === 'tools/call' && asked === 'client' ? 'a' : undefined;
    const params = inventor.make('params');
    const view: RequestView = { asked, upstream: SERVER, method, tool, params, modern: true, bytes: 1 };
    if (one.onRequest?.(view, NOW).kind === 'deny') continue;
    one.onSent?.(view, NOW);
    one.onResponse?.(view, inventor.make('result'), NOW);
    one.onError?.(view, inventor.make('error'), NOW);
    one.onSettle?.(view, SETTLED, NOW);
  }
  for (const note of NOTES)
    for (const one of chain())
      one.onNotification?.({ upstream: SERVER, method: note, params: inventor.make('params') }, NOW);
}

function lineOf<M extends Message>(message: M): Line<M> {
  return { bytes: Buffer.from('{}\n'), text: '{}', message, sloppy: 0 };
}

function askSession(inventor: Inventor): void {
  const upstream = { name: SERVER, deadlineOf: () => BARE_DEADLINE, onExit: 'exit', restart: DEFAULT_RESTART } as const;
  const session = new Session({ upstream, tag: 'tag', model: { operator: undefined, metaPaths: [] } }, [], () => {});
  session.handle({ type: 'upstream_started', upstream: SERVER, pid: 1 }, NOW);
  for (const [id, method] of ['initialize', ...METHODS].entries()) {
    const message = { kind: 'request', id, method, params: inventor.make('params') } as const;
    session.handle({ type: 'client_line', line: lineOf(message) }, NOW);
    const answer = { kind: 'response', id, result: inventor.make('result'), error: undefined } as const;
    session.handle({ type: 'upstream_line', upstream: SERVER, line: lineOf(answer) }, NOW);
  }
  for (const method of NOTES) {
    const message = { kind: 'notification', method, params: inventor.make('params') } as const;
    session.handle({ type: 'upstream_line', upstream: SERVER, line: lineOf(message) }, NOW);
  }
}

function explore(rounds: number): Sightings {
  const read = new Set<string>();
  const unnamed = new Set<string>();
  for (let seed = 1; seed <= rounds; seed += 1) {
    const inventor = new Inventor(seed);
    const method = METHODS[seed % METHODS.length] ?? '';
    askPolicies(inventor, method, seed % 5 === 0 ? 'server' : 'client');
    narrowGreeting(inventor.make('result'), () => false);
    if (seed % 8 === 0) askSession(inventor);
    for (const one of inventor.seen.read) read.add(one);
    for (const one of inventor.seen.unnamed) unnamed.add(one);
  }
  return { read, unnamed };
}

/** Only ever shown beside a record: whoever sends two of them deceives nobody but who reads what they sent. */
const FOR_THE_RECORD = [
  ...['claudecode/toolUseId', 'vscode.conversationId', 'vscode.requestId', 'threadId', 'ai.opencode/sessionID'].map(
    (key) => `\`params._meta\` ${key}`,
  ),
  ...['thread_id', 'turn_id'].map((key) => `\`x-codex-turn-metadata\` ${key}`),
];

/** Every object of the table, by what it is called. */
function placesOf(shape: Shape, places = new Set<string>()): Set<string> {
  if (places.has(shape.place)) return places;
  places.add(shape.place);
  for (const member of shape.members.values()) if (typeof member === 'object') placesOf(member.shape, places);
  return places;
}

const { read, unnamed } = explore(720);

test('what is read by name is named in the table', () => {
  expect([...unnamed].filter((one) => !FOR_THE_RECORD.includes(one))).toEqual([]);
});

test('every object of the table was read here', () => {
  const missed = [...placesOf(ENVELOPE)].filter((place) => ![...read].some((one) => one.startsWith(`${place} `)));
  // the envelope is read before there is a message, the related task by a gateway alone, and what stands in the capability `tasks` by clients
  expect(missed.sort()).toEqual([
    ...['a `related-task`', 'the `requests` of the capability `tasks`', 'the capability `tasks`', 'the envelope'],
  ]);
});

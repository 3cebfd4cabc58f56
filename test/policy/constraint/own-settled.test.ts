// Texts that begin with a name that no directory holds are not looked up again while the directories are as they were; the moment one
// changes, they are. On real links and real times of change.
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConstraintPorts } from '../../../src/adapters/constraint-ports.ts';
import { createOwnPathFinder } from '../../../src/policy/constraint/own-paths.ts';
import { prepareOwnPaths } from '../../../src/policy/constraint/own-reach.ts';

let top: string;
let lookups: string[];
/** What changed more than a moment ago, by the same clock as the disk's. */
let states: Map<string, string>;
let now: number;
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'guard-settled-')));
  for (const name of ['state', 'site', 'home', 'other']) mkdirSync(join(top, name));
  lookups = [];
  states = new Map();
  now = 10;
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const place = (...parts: string[]) => join(top, ...parts);

/** @param knows whether the state of a directory can be known */
function open(knows = true): (args: unknown) => boolean {
  const surroundings = { cwd: place('site'), home: place('home'), args: [] };
  const ports = createConstraintPorts(surroundings, () => {
    throw new Error('no patterns here');
  });
  const { atOnce } = ports;
  if (atOnce === undefined) throw new Error('the ports of this machine look at once');
  const counted = {
    ...ports,
    directoryState: (path: string) => (knows ? (states.get(path) ?? 'as it was') : undefined),
    atOnce() {
      const once = atOnce();
      return {
        ...once,
        realPath(path: string) {
          lookups.push(path);
          return once.realPath(path);
        },
      };
    },
  };
  const find = createOwnPathFinder(prepareOwnPaths([place('state')], ports), counted);
  return (args) => {
    now += 10;
    lookups = [];
    // JSON, as it would come
    return find({ args } as never, now) !== undefined;
  };
}

const changed = (path: string) => states.set(path, `changed at ${now}`);

test.each([
  ['a type', 'text/plain'],
  ['a list as text', '["x/y", {"v": "2.0"}]'],
  ['a variable in JSON', '{"id":$ID,"v":"2.0"}'],
])('%s is looked up once', (_, text) => {
  const isOwn = open();
  expect(isOwn([text])).toBe(false);
  expect(lookups.length).toBeGreaterThan(0);
  expect(isOwn([text])).toBe(false);
  expect(lookups).toEqual([]);
});

test.each([
  ['of the working directory', 'site'],
  ['of the home', 'home'],
])('a change %s is seen, a link that is new in it too', (_, directory) => {
  const isOwn = open();
  expect([isOwn('way/x'), isOwn('way/x')]).toEqual([false, false]);
  symlinkSync(place('state'), place(directory, 'way'));
  changed(place(directory));
  expect(isOwn('way/x')).toBe(true);
});

test('the same within text that is JSON', () => {
  const isOwn = open();
  expect(isOwn('["way/x"]')).toBe(false);
  symlinkSync(place('state'), place('site', 'way'));
  changed(place('site'));
  expect(isOwn('["way/x"]')).toBe(true);
});

test.each([
  [
    'there is such a directory',
    'deep/way/x',
    () => mkdirSync(place('site', 'deep')),
    () => symlinkSync(place('state'), place('site', 'deep', 'way')),
  ],
  ['it is absolute', 'WAY/x', () => {}, () => symlinkSync(place('state'), place('way'))],
  ['it climbs', 'none/../../way/x', () => {}, () => symlinkSync(place('state'), place('way'))],
  [
    'JSON around it',
    '["deep/way/x"]',
    () => mkdirSync(place('site', 'deep')),
    () => symlinkSync(place('state'), place('site', 'deep', 'way')),
  ],
])('what may change elsewhere is looked up each time: %s', (_, written, before, after) => {
  const text = written.replace('WAY', place('way'));
  const isOwn = open();
  before();
  const first = isOwn(text);
  after();
  // the directories that it counts from are as they were
  expect([first, isOwn(text)]).toEqual([text.includes('..') ? first : false, true]);
});

// with an escape, and not at the beginning: nothing but a reader of JSON comes to `deep/way/x`
const HOLDER = '["a.b","d\\u0065ep/way/x"]';

test.each<[string, unknown, unknown]>([
  ['by itself', [], HOLDER],
  ['behind the same text in one call', ['deep/way/x'], HOLDER],
  ['twice in one text', [], `[${HOLDER}, ${HOLDER}]`],
])('what holds a text that may change elsewhere is looked up each time, too: %s', (_, before, holder) => {
  const isOwn = open();
  mkdirSync(place('site', 'deep'));
  expect(isOwn([before, holder])).toBe(false);
  symlinkSync(place('state'), place('site', 'deep', 'way'));
  expect(isOwn(holder)).toBe(true);
});

test('and where that text had passed in the same moment', () => {
  const isOwn = open();
  mkdirSync(place('site', 'deep'));
  expect(isOwn('deep/way/x')).toBe(false);
  now -= 10;
  expect(isOwn(HOLDER)).toBe(false);
  symlinkSync(place('state'), place('site', 'deep', 'way'));
  expect(isOwn(HOLDER)).toBe(true);
});

test('a long text is not remembered', () => {
  const isOwn = open();
  const text = `x/${'y'.repeat(1023)}`;
  expect([isOwn(text), isOwn(text)]).toEqual([false, false]);
  expect(lookups.length).toBeGreaterThan(0);
});

test.each(['~other/x', '["~other/x"]'])('another’s home may come: %s', (text) => {
  const isOwn = open();
  isOwn(text);
  isOwn(text);
  expect(lookups.length).toBeGreaterThan(0);
});

test('where nobody can tell whether a directory changed, everything is looked up each time', () => {
  const isOwn = open(false);
  expect([isOwn('way/x'), isOwn('way/x')]).toEqual([false, false]);
  expect(lookups.length).toBeGreaterThan(0);
  symlinkSync(place('state'), place('site', 'way'));
  expect(isOwn('way/x')).toBe(true);
});

/** As the guard opens it for `node -e PROGRAM`, for a script, for a directory that is not there. */
test.each([
  ['a program as an argument', `const x = 1; /* ${'/'.padEnd(400, 'x')} */`],
  ['a script', 'script.js'],
  ['a directory that is not there yet', 'later'],
])('whatever its command names: %s', (_, arg) => {
  writeFileSync(place('script.js'), '');
  const named = arg.includes(' ') ? arg : place(arg);
  const ports = createConstraintPorts({ cwd: place('site'), home: place('home'), args: ['-e', named] }, () => {
    throw new Error('no patterns here');
  });
  let looks = 0;
  const { atOnce } = ports;
  const counted = {
    ...ports,
    // as if nothing had changed for long
    directoryState: (path: string) => ports.directoryState?.(path) ?? 'as it was',
    atOnce() {
      const once = atOnce?.() ?? { realPath: () => '/', isPerProcess: () => false, isAbsent: () => false };
      const realPath = (path: string) => {
        looks += 1;
        return once.realPath(path);
      };
      return { ...once, realPath };
    },
  };
  const find = createOwnPathFinder(prepareOwnPaths([place('state')], ports), counted);
  const text = `{"v":"2.0","id":$ID,"t":"${'z'.repeat(300)}"}`;
  for (const one of [text, 'way/x']) expect(find({ one }, 10)).toBe(undefined);
  const before = looks;
  for (const one of [text, 'way/x']) expect(find({ one }, 20)).toBe(undefined);
  expect([before > 0, looks]).toEqual([true, before]);
  if (arg !== 'later') return;
  mkdirSync(place('later'));
  symlinkSync(place('state'), place('later', 'way'));
  expect(find({ one: 'way/x' }, 30)).not.toBe(undefined);
});

test('a working directory that becomes another is another', () => {
  const surroundings = { cwd: place('site'), home: place('home'), args: [] };
  const ports = createConstraintPorts(surroundings, () => {
    throw new Error('no patterns here');
  });
  const find = createOwnPathFinder(prepareOwnPaths([place('state')], ports), ports);
  expect(find({ a: 'way/x' }, 10)).toBe(undefined);
  symlinkSync(place('state'), place('other', 'way'));
  renameSync(place('site'), place('site-before'));
  renameSync(place('other'), place('site'));
  expect(find({ a: 'way/x' }, 20)).not.toBe(undefined);
});

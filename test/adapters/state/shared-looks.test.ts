// Several looks, one timer: counted on timers of the test.
import { beforeEach, expect, test } from 'vitest';
import { LOOK_EVERY_MS, shareLooks } from '../../../src/adapters/shared-looks.ts';
import type { Timers } from '../../../src/adapters/shutdown-ladder.ts';

const armed = new Map<() => void, number>();
let made = 0;
let looks: Timers;
let called: string[];
const look = (name: string) => () => void called.push(name);
/** What is due next, as the system would call it. */
function fire(): void {
  const [first] = armed.keys();
  if (first === undefined) throw new Error('nothing is armed');
  armed.delete(first);
  first();
}
beforeEach(() => {
  armed.clear();
  made = 0;
  called = [];
  looks = shareLooks({
    after(delayMs, action) {
      made += 1;
      armed.set(action, delayMs);
      return () => armed.delete(action);
    },
  });
});

test('looks that go on wake the guard once each time, also those that begin in between', () => {
  const again = (name: string) => (): void => {
    called.push(name);
    looks.after(LOOK_EVERY_MS, again(name));
  };
  looks.after(LOOK_EVERY_MS, again('a'));
  looks.after(LOOK_EVERY_MS, again('b'));
  expect([...armed.values()]).toEqual([LOOK_EVERY_MS]);
  fire();
  looks.after(LOOK_EVERY_MS, again('late'));
  fire();
  expect(called).toEqual(['a', 'b', 'a', 'b', 'late']);
  expect([made, armed.size]).toEqual([3, 1]);
});

test('another wait is its own', () => {
  looks.after(LOOK_EVERY_MS, look('look'));
  const cancel = looks.after(7, look('own'));
  expect([...armed.values()]).toEqual([LOOK_EVERY_MS, 7]);
  cancel();
  fire();
  expect([called, armed.size]).toEqual([['look'], 0]);
});

test('who no longer waits is not called, also where another look of that moment ends it; nothing stays armed for nobody', () => {
  const cancels = [looks.after(LOOK_EVERY_MS, look('first'))];
  looks.after(LOOK_EVERY_MS, () => {
    called.push('ends');
    cancels[1]?.();
  });
  cancels.push(looks.after(LOOK_EVERY_MS, look('ended')));
  cancels[0]?.();
  fire();
  expect(called).toEqual(['ends']);
  const cancel = looks.after(LOOK_EVERY_MS, look('never'));
  // an old wait takes no new one away
  for (const old of cancels) old();
  expect(armed.size).toBe(1);
  cancel();
  expect(armed.size).toBe(0);
  const own = looks.after(LOOK_EVERY_MS, () => {
    looks.after(LOOK_EVERY_MS, look('anew'));
    own();
  });
  fire();
  fire();
  expect(called).toEqual(['ends', 'anew']);
});

// A healthy server beside every misbehaving one behind one guard: its calls take no longer than without them.
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compare } from './neighbours.ts';

const FLOODING = ['floods-lines', 'floods-without-newline', 'huge-result', 'stderr-flood'];
const HEALTHY = [
  ...['asks-client', 'breaker-server', 'echo', 'has-resources', 'keeps-ids', 'marks-start', 'prints-environment'],
  ...['reaches-out', 'told-by-file', 'told-tenant', 'told-tools'],
];
/** Every other fixture: who adds one adds a neighbour. */
const CROOKED = readdirSync(new URL('../fixtures/servers/', import.meta.url))
  .map((name) => name.replace(/\.mjs$/, ''))
  .filter((name) => !HEALTHY.includes(name) && !FLOODING.includes(name));

const MOST = 1.5;
/** A machine that does other things is measured for longer; nothing but time makes a real difference go away. */
const MOST_ROUNDS = 60;

/** An answer of 8 MiB is one piece of work, of tens of milliseconds: it is felt by the call that meets it, and must not be asked for all the time. */
const oneCallIn = (name: string) => (name === 'huge-result' ? 8 : 1);

// A flooder is paused from its first burst on: the guard reads it no faster than others can bear.
test.each([['all that are crooked', CROOKED], ...FLOODING.map((name) => [name, [name]] as const)] as const)(
  'p99 beside %s is within 1.5×',
  async (name, names) => {
    const { without, beside, medians, calls, memory, left } = await compare(names, (a, b) => b <= MOST * a, {
      mostRounds: MOST_ROUNDS,
      oneCallIn: oneCallIn(name),
    });
    const shown = [without, beside, ...medians].map((ms) => ms.toFixed(2));
    process.stdout.write(
      `beside ${name}: p99 ${shown[0]} → ${shown[1]} ms, median ${shown[2]} → ${shown[3]} ms, ${calls} calls each\n`,
    );
    expect(beside / without).toBeLessThanOrEqual(MOST);
    expect(memory).toBeLessThan(400);
    expect(left).toEqual([]);
  },
);

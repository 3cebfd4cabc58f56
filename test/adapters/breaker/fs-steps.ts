// Every call by which this process changes the disk, counted, so that one of them can be made to fail, or be its last.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const STEPS = [
  'writeFileSync',
  'writeSync',
  'fsyncSync',
  'linkSync',
  'renameSync',
  'rmSync',
  'mkdirSync',
  'openSync',
] as const;

type Step = (typeof STEPS)[number];
export type Call = (...args: unknown[]) => unknown;

/** Puts `replacement`, which is given the original, in place of one function of node:fs. @returns puts it back */
export function replaceCall(
  name: 'openSync' | 'lstatSync' | 'readSync' | 'writeSync' | 'readdirSync',
  replacement: (original: Call) => Call,
): () => void {
  // The module object as a table: the one way to put something in place of a builtin.
  const table = fs as unknown as Record<string, Call>;
  const original = table[name];
  if (original === undefined) throw new Error(`node:fs has no ${name}`);
  table[name] = replacement(original);
  syncBuiltinESMExports();
  return () => {
    table[name] = original;
    syncBuiltinESMExports();
  };
}

/**
 * `before` is told of each step and may throw in its place; what it returns, if anything, replaces the arguments.
 * @returns puts everything back
 */
export function watchSteps(
  before: (step: Step, args: readonly unknown[]) => readonly unknown[] | undefined,
): () => void {
  // The module object as a table: the one way to put something in place of a builtin.
  const table = fs as unknown as Record<Step, Call>;
  const kept = STEPS.map((step) => [step, table[step]] as const);
  for (const [step, original] of kept) {
    table[step] = (...args) => {
      // Opening for reading changes nothing.
      const isStep = step !== 'openSync' || (typeof args[1] === 'number' && (args[1] & fs.constants.O_CREAT) !== 0);
      return original(...((isStep ? before(step, args) : undefined) ?? args));
    };
  }
  syncBuiltinESMExports();
  return () => {
    for (const [step, original] of kept) table[step] = original;
    syncBuiltinESMExports();
  };
}

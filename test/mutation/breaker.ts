// Every test of the breaker in one file, the cheap ones first: a mutant's run ends with the first that fails, and starting a
// file costs more than most of them. What cannot even be loaded has failed, too.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { test } from 'vitest';

// The same histories in every run; nobody reads a smaller one.
fc.configureGlobal({ seed: 1, endOnFailure: true });

const FOLDER = fileURLToPath(new URL('../policy/breaker/', import.meta.url));
const DEAREST = ['local-breaker', 'breaker-model', 'breaker-sharing', 'crash-trial-schedules', 'crash-world'];
const cost = (name: string): number => DEAREST.indexOf(name.replace('.test.ts', ''));

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.test.ts'));
for (const name of files.toSorted((a, b) => cost(a) - cost(b))) {
  try {
    await import(`${FOLDER}${name}`);
  } catch (cause) {
    test(`${name} can be loaded`, () => {
      throw new Error('it cannot', { cause });
    });
  }
}

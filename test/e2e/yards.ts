// A yard for each test of a file: opened before it, and looked at after it, where nothing that was started may be alive.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect } from 'vitest';
import { Yard } from './guarded.ts';

/** @param use is given the yard of the test that begins */
export function eachInYard(use: (yard: Yard) => void, open: () => Yard = () => new Yard()): void {
  let yard: Yard;
  beforeEach(() => {
    yard = open();
    use(yard);
  });
  afterEach(async () => {
    expect(await yard.close()).toEqual([]);
    // of tenants
    rmSync(`${yard.state}-homes`, { recursive: true, force: true });
  });
}

// What constraints are given of a server on its way from the config: where it works, its home, and what its command names.
import { expect, test } from 'vitest';
import { loadPortsFor, withConstraints } from '../../src/cli/with-constraints.ts';
import type { PortsFor } from '../../src/config/compile-scope.ts';

const askAll = (portsFor: PortsFor) => {
  const { homeDir, bases } = portsFor('/no/site', '/no/home', ['-y', '/no/data']);
  return { homeDir, bases: bases() };
};
const EXPECTED = { homeDir: '/no/home', bases: ['/no/site', '/no/data'] };

test('without a pattern, with one, and where all is loaded at once', async () => {
  expect(await withConstraints(askAll)).toEqual(EXPECTED);
  let loads = 0;
  const asked = await withConstraints((portsFor) => {
    loads += 1;
    expect(portsFor(undefined).compilePattern('[a-z]+')('abc')).toBe(true);
    return askAll(portsFor);
  });
  expect([loads, asked]).toEqual([2, EXPECTED]);
  expect(askAll(await loadPortsFor())).toEqual(EXPECTED);
});

test('what is not said is that of the guard', async () => {
  const ports = (await loadPortsFor())(undefined);
  expect(ports.bases()).toEqual([process.cwd()]);
});

// A mistyped name is refused, and whoever there is or was is not.
import { expect, test } from 'vitest';
import { requireKnown } from '../../src/cli/tenant-known.ts';

const LISTED = ['acme', 'globex'];

test('of the config, of whom something is kept, and the one of a config without tenants', () => {
  expect(requireKnown('acme', { listed: LISTED, kept: [] })).toBeUndefined();
  expect(requireKnown('initech', { listed: LISTED, kept: ['initech'] })).toBeUndefined();
  expect(requireKnown('initech', { listed: undefined, kept: ['initech'] })).toBeUndefined();
  expect(requireKnown('default', { listed: [], kept: [] })).toBeUndefined();
});

test.each([
  ['acmee', { listed: LISTED, kept: [] }, 'the config lists none of this name', 'did you mean `acme`? look with'],
  ['acmee', { listed: undefined, kept: ['acme'] }, 'no config was found', 'did you mean `acme`? look with'],
  ['nobody', { listed: [], kept: [] }, 'the config lists none of this name', 'look with'],
  ['default', { listed: LISTED, kept: [] }, 'the config lists none of this name', 'look with'],
])('%s is refused', (tenant, names, why, hint) => {
  expect(() => requireKnown(tenant, names)).toThrow(
    expect.objectContaining({
      code: 'tenant_unknown',
      message: `there is no tenant \`${tenant}\`: ${why}, and nothing of it is kept`,
      hint: expect.stringMatching(new RegExp(`^${hint.replaceAll('?', '\\?')}`)),
    }),
  );
});

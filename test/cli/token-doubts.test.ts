// A token that matches no role or server of the config is made all the same, and who makes it is told; for a tenant that it does not list none is.
import { expect, test } from 'vitest';
import { listDoubts, refuseUnlistedTenant } from '../../src/cli/token-doubts.ts';

const CONFIG = {
  servers: { files: {}, mail: {} },
  roles: { reader: {}, writer: {} },
  tenants: { acme: { servers: { own: {} } }, globex: {} },
};
const TOKEN = { tenant: 'acme', roles: ['reader'], servers: ['files', 'm*', 'own'] };

test('of what is there nothing is said', () => {
  expect(listDoubts(TOKEN, CONFIG)).toEqual([]);
  expect(listDoubts({ ...TOKEN, servers: null, roles: [] }, CONFIG)).toEqual([]);
  // a config without tenants has every one of them
  expect(listDoubts({ tenant: 'anybody', roles: [], servers: ['files'] }, { servers: { files: {} } })).toEqual([]);
});

test.each<[string, Partial<typeof TOKEN>, string]>([
  [
    'no tenant',
    { tenant: 'default', servers: ['files'] },
    'it has tenants, and the token is for none of them: say whose with `--tenant`',
  ],
  ['a role', { roles: ['raeder'] }, 'it has no role `raeder`, which grants nothing: did you mean `reader`?'],
  ['a role of an object’s own', { roles: ['constructor'] }, 'it has no role `constructor`, which grants nothing'],
  ['a server', { servers: ['fils'] }, 'it has no server `fils`: did you mean `files`?'],
  ['a pattern', { servers: ['x*'] }, 'it has no server `x*`'],
  ['a server of another tenant', { tenant: 'globex', servers: ['own'] }, 'it has no server `own`'],
])('%s that is not there', (_, more, said) => {
  expect(listDoubts({ ...TOKEN, ...more }, CONFIG)).toEqual([said]);
});

test('for a tenant that the config does not list none is made: which there are', () => {
  expect(() => refuseUnlistedTenant('acmee', CONFIG, '/c')).toThrow(
    expect.objectContaining({
      code: 'tenant_unknown',
      message: '`/c` has no tenant `acmee`, so no session of it would start',
      hint: 'did you mean `acme`? it has `acme`, `globex`; another config: `--config FILE`',
    }),
  );
  const many = { tenants: Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`customer-${at}`, {}])) };
  expect(() => refuseUnlistedTenant('constructor', many, '/c')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('`customer-7` and 2 more;') }),
  );
  for (const [tenant, config] of [
    ['acme', CONFIG],
    ['default', CONFIG],
    ['anybody', { servers: {} }],
  ] as const)
    expect(() => refuseUnlistedTenant(tenant, config, '/c')).not.toThrow();
});

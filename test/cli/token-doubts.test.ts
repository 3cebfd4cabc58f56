// A token that matches nothing of the config is made all the same, and who makes it is told.
import { expect, test } from 'vitest';
import { listDoubts } from '../../src/cli/token-doubts.ts';

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
    'a tenant',
    { tenant: 'acmee', servers: ['files'] },
    'it has no tenant `acmee`, whose sessions would not start: did you mean `acme`?',
  ],
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

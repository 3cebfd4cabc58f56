// The homes that `~name` finds in the file of users.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createUserHomes } from '../../src/adapters/user-homes.ts';

test('the first entry of a user counts; a file that is not there knows nobody', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guard-homes-'));
  try {
    const file = join(folder, 'passwd');
    writeFileSync(
      file,
      'root:x:0:0:root:/root:/bin/sh\n# a line\nbob:x:1:1::/users/bob:\nbob:x:2:2::/other:\nnone:x:3:3:::\n',
    );
    const homeOf = createUserHomes(file);
    expect(['root', 'bob', 'none', '# a line', 'eve'].map(homeOf)).toEqual([
      '/root',
      '/users/bob',
      undefined,
      undefined,
      undefined,
    ]);
    expect(createUserHomes(join(folder, 'no'))('root')).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

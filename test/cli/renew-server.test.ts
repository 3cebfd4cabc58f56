// What a server that runs is started anew by when its entry has changed: nothing that this session cannot vouch for, and from then on.
import { describe, expect, it } from 'vitest';
import { createServerRenewal } from '../../src/cli/renew-server.ts';

describe('a server that is to be started by another command', () => {
  const server = { name: 'srv', command: 'a', args: [], entry: undefined };
  const prepared = (secrets: string[], isolation: 'none' | 'L1' = 'none') => ({
    command: { command: 'b', args: [], cwd: undefined, env: {}, stderr: 'pipe' as const },
    ...{ withheld: [], isolation, notes: [], secrets: secrets.map((value) => ({ name: 'S', value })) },
  });
  const entry = { command: 'b', args: [] } as never; // nothing else of it is looked at

  it('gets no secret that this session cannot mask, and no other isolation than its record says', async () => {
    const renewal = (next: ReturnType<typeof prepared>) =>
      createServerRenewal({
        ...{ isOneOfMany: false, server },
        prepared: prepared(['known']),
        servers: new Map(),
        prepare: async () => next,
        run: () => undefined,
      });
    await expect(renewal(prepared(['known'])).prepare(entry, undefined)).resolves.toMatchObject({ command: 'b' });
    await expect(renewal(prepared(['other'])).prepare(entry, undefined)).rejects.toThrow('another secret (`S`) than');
    await expect(renewal(prepared(['known'], 'L1')).prepare(entry, undefined)).rejects.toThrow('isolation');
  });

  it('is started by that from then on', () => {
    const servers = new Map();
    const posted: unknown[] = [];
    const run = () => ({ post: (event: unknown) => void posted.push(event) });
    const parts = {
      isOneOfMany: true,
      server,
      prepared: prepared([]),
      servers,
      prepare: async () => prepared([]),
      run,
    };
    createServerRenewal(parts).begin(prepared([]).command);
    expect(servers.get('srv')).toMatchObject({ command: { command: 'b' }, process: undefined });
    expect(posted).toEqual([{ type: 'renew', upstream: 'srv' }]);
  });
});

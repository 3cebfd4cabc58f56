// Several servers behind one entry whose config narrows, ends and waits: the client is told of a list once, and `reload` and `status` say
// what has no effect. With the built guard and real servers.
import { expect, it } from 'vitest';
import { openGateway } from './gateway-stage.ts';
import type { Yard } from './guarded.ts';
import { directoryIn, realGateway, realServer } from './real-gateway.ts';
import { changes, configEvents, until } from './reload-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

it('a list of several servers that is another is told once, by another policy and by the end of a grant', async () => {
  const stage = realGateway(yard, { files: realServer('server-filesystem', directoryIn(yard, 'one')) });
  const session = await openGateway(stage);
  const { client } = session;
  const status = () => JSON.parse(yard.command('status', '--json').stdout).policy;
  try {
    expect(await session.tools()).toEqual(expect.arrayContaining(['srv__echo', 'files__list_directory']));
    const expires = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_000).toISOString().slice(0, 19);
    const before = changes(client).length;
    stage.edit((config) => {
      const grants = [{ tool: 'list_directory' }, { tool: 'get-sum' }];
      const ending = [{ tool: 'echo' }, { tool: 'read_text_file' }].map((one) => ({ ...one, expires: `${expires}Z` }));
      Object.assign(config, { scopes: { all: { grants: [...grants, ...ending] } } });
    });
    await until('it is taken over', () => configEvents(stage).length === 1);
    await until('the client is told', () => changes(client).length > before);
    await until('the client is told of the end', () => changes(client).length > before + 1);
    expect([...(await session.tools())].sort()).toEqual(['files__list_directory', 'srv__get-sum']);
    expect(changes(client)).toHaveLength(before + 2);
    expect(configEvents(stage)).toEqual(['taken_over']);

    // it has narrowed only: what stands beside `*` in the lock is no widening
    expect(status().waits).toEqual([]);
    expect(yard.command('scope', 'diff', '--config', stage.config).stdout).not.toContain('possible');
    stage.edit(({ servers }) => {
      Object.assign(servers.files ?? {}, { startTimeoutMs: 60_000, idleStopMs: 900_000 });
    });
    const asked = yard.command('reload');
    expect([asked.status, asked.stdout.replace(/\s+/g, ' ')]).toEqual([
      0,
      expect.stringMatching(/: 2 changes have no effect until approved: look with `mcp-guard scope diff --config /),
    ]);
    expect(status().waits).toEqual([expect.stringMatching(/^2 changes have no effect until approved/)]);
  } finally {
    await client.end();
  }
});

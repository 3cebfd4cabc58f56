// The filesystem and memory servers: what they do to files behind the guard is what they do without it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { playV1 } from './client-v1.ts';
import { filesystem, memory } from './peers.ts';
import { expectTransparent } from './stage.ts';

test.concurrent('filesystem: reads, writes, edits and refuses alike', async () => {
  const { outcome } = await expectTransparent(filesystem, (launch) =>
    playV1(launch, async ({ call, client, outcome, rootsAsked, step }) => {
      // This server takes the client's roots for its allowed directories: what it may do settles only then.
      await rootsAsked;
      const path = (name: string) => join(launch.directory, 'shared', name);
      await step('tools/list', () => client.listTools());
      await call('read_text_file', { path: path('a.txt') });
      await call('write_file', { path: path('b.txt'), content: 'hé😀\r\n\u2028 end' });
      await call('edit_file', { path: path('a.txt'), edits: [{ oldText: 'first', newText: 'third' }] });
      await call('read_text_file', { path: '/etc/hostname' });
      await call('directory_tree', { path: path('') });
      outcome.push(['on disk', ['a.txt', 'b.txt'].map((name) => readFileSync(path(name), 'utf8'))]);
    }),
  );
  expect(outcome.at(-1)).toEqual(['on disk', ['third\nsecond\n', 'hé😀\r\n\u2028 end']]);
});

test.concurrent('memory: the graph is the same, and so is its file', async () => {
  const { outcome } = await expectTransparent(memory, (launch) =>
    playV1(launch, async ({ call, client, outcome, step }) => {
      await step('tools/list', () => client.listTools());
      const entity = (name: string) => ({ name, entityType: 'number', observations: [`${name} is one`] });
      await call('create_entities', { entities: [entity('one'), entity('two')] });
      await call('create_relations', { relations: [{ from: 'one', to: 'two', relationType: 'precedes' }] });
      await call('search_nodes', { query: 'two' });
      await call('delete_entities', { entityNames: ['one'] });
      await call('read_graph');
      const file = join(launch.directory, 'memory.jsonl');
      outcome.push(['on disk', existsSync(file) && readFileSync(file, 'utf8')]);
    }),
  );
  expect(outcome.at(-1)?.[1]).toContain('two is one');
});

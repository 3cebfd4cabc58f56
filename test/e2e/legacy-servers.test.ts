// SDK v1 servers, one for each legacy revision, and fastmcp: the guard changes neither handshake nor traffic.
import { expect, test } from 'vitest';
import { playV1 } from './client-v1.ts';
import { fastmcp, legacyServers } from './peers.ts';
import { expectTransparent } from './stage.ts';
import { countSeen } from './transcript.ts';

test.concurrent.each(legacyServers)(
  'SDK $sdk ($revision): same outcome, same bytes',
  async ({ peer, revision, sdk }) => {
    const { outcome, transcripts } = await expectTransparent(peer, (launch) =>
      playV1(launch, async ({ call, client, outcome, step }) => {
        await step('tools/list', () => client.listTools());
        await call('echo', { text: 'hé😀', nested: { list: [1, 2.5, null] } });
        await call('fail');
        await call('throw');
        await call('log');
        await call('sample');
        await call('roots');
        await call('no-such-tool');
        const seen: unknown[] = [];
        await call('progress', {}, { onprogress: (progress) => seen.push(progress) });
        outcome.push(['progress', seen]);
        await step('resources/read', () => client.readResource({ uri: 'test://one' }));
        await step('prompts/list', () => client.listPrompts());
        await step('ping', () => client.ping());
      }),
    );
    const result = transcripts[0]?.client.toClient[0]?.text ?? '';
    expect(JSON.parse(result), `SDK ${sdk}`).toMatchObject({ result: { protocolVersion: revision } });
    expect(new Map(outcome).get('progress')).toHaveLength(3);
    expect(new Map(outcome).get('sample')).toMatchObject({ content: [{ text: 'sampled' }] });
  },
);

test.concurrent('fastmcp: same outcome, same bytes', async () => {
  const { outcome, transcripts } = await expectTransparent(fastmcp, (launch) =>
    playV1(launch, async ({ call, client, step }) => {
      await step('tools/list', () => client.listTools());
      await call('add', { a: 1, b: 2.5 });
      await call('add', { a: 'no number' });
      await call('refuse');
      await call('no-such-tool');
      await call('work', {}, { onprogress: () => {} });
      await step('resources/read', () => client.readResource({ uri: 'test://one' }));
    }),
  );
  expect(countSeen(transcripts, 'notifications/progress')).toBe(3);
  expect(new Map(outcome).get('refuse')).toMatchObject({ isError: true });
});

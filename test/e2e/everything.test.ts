// The reference server with a client of every capability: nothing changes for either when the guard stands between.
import { expect, test } from 'vitest';
import { type ClientV1, playV1 } from './client-v1.ts';
import { everything } from './peers.ts';
import { expectTransparent } from './stage.ts';
import { countSeen } from './transcript.ts';

async function useTools({ call, rootsAsked, step, client }: ClientV1) {
  await rootsAsked;
  await step('tools/list', () => client.listTools());
  await call('echo', { message: 'hé😀\u2028 {"jsonrpc":"2.0"}' });
  await call('get-sum', { a: 1.5, b: 9007199254740991 });
  await call('get-sum', { a: 'no number' });
  await call('get-structured-content', { location: 'Chicago' });
  await call('get-annotated-message', { messageType: 'error', includeImage: true });
  await call('get-tiny-image');
  await call('get-resource-links', { count: 3 });
  await call('get-resource-reference', { resourceType: 'Text', resourceId: 1 });
  await call('no-such-tool');
}

async function answerServer({ call }: ClientV1) {
  await call('trigger-sampling-request', { prompt: 'hi', maxTokens: 5 });
  await call('trigger-elicitation-request');
  await call('get-roots-list');
}

async function readRest({ step, client }: ClientV1) {
  await step('ping', () => client.ping());
  await step('logging/setLevel', () => client.setLoggingLevel('warning'));
  await step('resources/list', () => client.listResources());
  await step('resources/templates/list', () => client.listResourceTemplates());
  await step('resources/read', () => client.readResource({ uri: 'demo://resource/static/document/features.md' }));
  await step('resources/read none', () => client.readResource({ uri: 'demo://no-such' }));
  await step('resources/subscribe', () => client.subscribeResource({ uri: 'demo://resource/dynamic/text/1' }));
  await step('resources/unsubscribe', () => client.unsubscribeResource({ uri: 'demo://resource/dynamic/text/1' }));
  await step('prompts/list', () => client.listPrompts());
  await step('prompts/get', () => client.getPrompt({ name: 'args-prompt', arguments: { city: 'Rome' } }));
  const ref = { type: 'ref/prompt' as const, name: 'completable-prompt' };
  await step('completion', () => client.complete({ ref, argument: { name: 'department', value: 'S' } }));
  await step('roots/list_changed', () => client.sendRootsListChanged());
}

test.concurrent('tools, server requests, resources, prompts and logging are the same guarded as direct', async () => {
  const { outcome } = await expectTransparent(everything, (launch) =>
    playV1(launch, async (peer) => {
      await useTools(peer);
      await answerServer(peer);
      await readRest(peer);
    }),
  );
  // What is compared must be what was meant: no step may have failed alike in both runs by mistake.
  const thrown = outcome.filter(([, result]) => JSON.stringify(result ?? null).startsWith('{"thrown"'));
  expect(thrown.map(([step]) => step)).toEqual(['resources/read none']);
  expect(JSON.stringify(outcome)).toContain('sampled');
});

test.concurrent('progress arrives in order and complete; a cancelled and a timed-out call end as they do direct', async () => {
  const operation = 'trigger-long-running-operation';
  const { outcome, transcripts } = await expectTransparent(everything, (launch) =>
    playV1(launch, async ({ call, rootsAsked }) => {
      await call(operation, { duration: 0.2, steps: 4 }, { onprogress: () => {} });
      const abort = new AbortController();
      const onprogress = () => abort.abort('changed my mind');
      // Long enough not to end by itself before the cancel is there, on however busy a machine.
      await call(operation, { duration: 40, steps: 400 }, { onprogress, signal: abort.signal });
      await call(operation, { duration: 40, steps: 2 }, { timeout: 100 });
      await call('echo', { message: 'still there' });
      await rootsAsked;
    }),
  );
  // At the wire: an SDK v1 client loses progress that it reads together with the answer.
  expect(countSeen(transcripts, 'notifications/progress')).toBeGreaterThanOrEqual(5);
  expect(outcome.filter(([, result]) => JSON.stringify(result ?? null).startsWith('{"thrown"'))).toHaveLength(2);
});

test.concurrent('a task is created, followed to its end and fetched; the server asks within it', async () => {
  const { outcome } = await expectTransparent(everything, (launch) =>
    playV1(launch, async ({ client, outcome }) => {
      const stages: string[] = [];
      const stream = client.experimental.tasks.callToolStream(
        { name: 'simulate-research-query', arguments: { topic: 'python', ambiguous: true } },
        undefined,
        { task: { ttl: 60_000 } },
      );
      for await (const message of stream) {
        if (stages.at(-1) !== message.type) stages.push(message.type);
        if (message.type === 'result') outcome.push(['result', message.result]);
      }
      outcome.push(['stages', stages]);
    }),
  );
  expect(outcome.at(-1)).toEqual(['stages', ['taskCreated', 'taskStatus', 'result']]);
});

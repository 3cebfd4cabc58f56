// All of the protocol through one entry before two reference servers and two that page: what is asked of one comes from that one, what a
// server asks, reports and announces arrives, and what is taken back is taken back there.
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  LoggingMessageNotificationSchema,
  ProgressNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { expect, test } from 'vitest';
import { type ClientV1, playV1 } from './client-v1.ts';
import { entryOf, gatewayLaunch } from './gateway-stage.ts';
import { Yard } from './guarded.ts';
import { everything, pages } from './peers.ts';

const BOTH = ['one', 'two'];

/** A row of `audit tail --json`. */
interface Row {
  readonly server: string;
  readonly tool: string | null;
  readonly outcomes: readonly { readonly settlement: string }[];
}

/** Plays before `one` and `two`, two servers of the same kind. @returns the yard's records, as `audit tail` tells them */
async function behindOne(
  peer: (name: string) => Parameters<typeof entryOf>[0],
  play: (peer: ClientV1) => Promise<void>,
) {
  const yard = new Yard();
  const servers = Object.fromEntries(BOTH.map((name) => [name, entryOf(peer(name), yard.home)]));
  await playV1(gatewayLaunch(yard, servers), play);
  const tail = yard.command('audit', 'tail', '--json').stdout.trim().split('\n');
  expect(yard.command('audit', 'verify').status).toBe(0);
  expect(await yard.close()).toEqual([]);
  // rows of the guard under test
  return tail.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
}

/** What `on` hands over, once there are `count` of them. */
function heard<T>(on: (take: (params: T) => void) => void, count: number): { readonly all: Promise<readonly T[]> } {
  const seen: T[] = [];
  const all = new Promise<readonly T[]>((resolve) => {
    on((params) => {
      seen.push(params);
      if (seen.length === count) resolve(seen);
    });
  });
  return { all };
}

/** The whole of a list, page by page. */
async function walk<P extends { nextCursor?: string | undefined }>(
  page: (params: { cursor?: string }) => Promise<P>,
): Promise<P[]> {
  const first = await page({});
  const all = [first];
  for (let cursor = first.nextCursor; cursor !== undefined; cursor = all.at(-1)?.nextCursor)
    all.push(await page({ cursor }));
  return all;
}

test.concurrent('questions of both servers at once are answered to the one that asked', async () => {
  await behindOne(
    () => everything,
    async ({ call, outcome, rootsAsked }) => {
      await rootsAsked;
      await Promise.all(
        BOTH.flatMap((name) => [
          call(`${name}__trigger-sampling-request`, { prompt: `for ${name}`, maxTokens: 5 }),
          call(`${name}__trigger-elicitation-request`),
          call(`${name}__get-roots-list`),
        ]),
      );
      const said = new Map(outcome.map(([step, result]) => [step, JSON.stringify(result)]));
      for (const name of BOTH) {
        expect(said.get(`${name}__trigger-sampling-request`)).toContain('sampled');
        expect(said.get(`${name}__trigger-elicitation-request`)).toContain('Ada');
        expect(said.get(`${name}__get-roots-list`)).toContain('file://');
      }
    },
  );
});

test.concurrent('progress under one token comes of both, and a cancelled call ends at its own server', async () => {
  const rows = await behindOne(
    () => everything,
    async ({ client, call, outcome }) => {
      const operation = 'trigger-long-running-operation';
      const abort = new AbortController();
      const onprogress = () => abort.abort('changed my mind');
      const stays = call(`one__${operation}`, { duration: 0.6, steps: 2 });
      await Promise.all([
        call(`two__${operation}`, { duration: 40, steps: 400 }, { onprogress, signal: abort.signal }),
        stays,
      ]);
      expect(new Map(outcome).get(`two__${operation}`)).toMatchObject({ thrown: expect.anything() });
      expect(new Map(outcome).get(`one__${operation}`)).toMatchObject({
        content: [{ text: expect.stringContaining('completed') }],
      });

      // From here on the SDK's own handling of reports is replaced.
      const reports = heard<{ total?: number | undefined }>((take) => {
        client.setNotificationHandler(ProgressNotificationSchema, ({ params }) => take(params));
      }, 9);
      // The SDK counts its tokens: here both have the same.
      const ask = (name: string, steps: number) =>
        client.callTool({
          name: `${name}__${operation}`,
          arguments: { duration: steps / 10, steps },
          _meta: { progressToken: 'same' },
        });
      await Promise.all([ask('one', 4), ask('two', 5), reports.all]);
      const totals = (await reports.all).map(({ total }) => total).sort();
      expect(totals).toEqual([4, 4, 4, 4, 5, 5, 5, 5, 5]);
    },
  );
  const long = rows.filter(({ tool }) => tool === 'trigger-long-running-operation');
  expect(long.map(({ server, outcomes }) => `${server} ${outcomes[0]?.settlement}`).sort()).toEqual([
    ...['one result', 'one result', 'two cancelled', 'two result'],
  ]);
});

test.concurrent('a task of each server is followed where it runs, and both are listed', async () => {
  await behindOne(
    () => everything,
    async ({ client }) => {
      const follow = async (name: string) => {
        const stages: string[] = [];
        let taskId = '';
        const stream = client.experimental.tasks.callToolStream(
          { name: `${name}__simulate-research-query`, arguments: { topic: `for ${name}`, ambiguous: false } },
          undefined,
          { task: { ttl: 60_000 } },
        );
        for await (const message of stream) {
          if (stages.at(-1) !== message.type) stages.push(message.type);
          if (message.type === 'taskCreated') taskId = message.task.taskId;
          if (message.type === 'result') expect(JSON.stringify(message.result)).toContain(`for ${name}`);
        }
        expect(stages).toEqual(['taskCreated', 'taskStatus', 'result']);
        expect(taskId).toMatch(new RegExp(`^${name}:.`));
        return taskId;
      };
      const ids = await Promise.all(BOTH.map(follow));
      const { tasks } = await client.experimental.tasks.listTasks();
      expect(tasks.map(({ taskId }) => taskId).sort()).toEqual([...ids].sort());
    },
  );
});

test.concurrent('what a client subscribes to is told of; log lines come of whoever may say them', async () => {
  await behindOne(
    () => everything,
    async ({ client, call }) => {
      const uri = 'demo://resource/dynamic/text/1';
      const updated = heard<{ uri: string }>((take) => {
        client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => take(params));
      }, 1);
      await client.subscribeResource({ uri });
      await Promise.all(BOTH.map((name) => call(`${name}__toggle-subscriber-updates`)));
      expect(await updated.all).toEqual([{ uri }]);
      await client.unsubscribeResource({ uri });

      const said: string[] = [];
      const logged = new Promise<void>((resolve) => {
        client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
          said.push(params.level);
          if (said.length === BOTH.length) resolve();
        });
      });
      await client.setLoggingLevel('debug');
      await Promise.all(BOTH.map((name) => call(`${name}__toggle-simulated-logging`)));
      await logged;
    },
  );
});

test.concurrent('lists in pages are one list in pages, and completion goes to the server of the prompt or template', async () => {
  await behindOne(pages, async ({ client }: { client: Client }) => {
    const each = (make: (name: string, entry: string) => string) =>
      [0, 1, 2].map((page) =>
        BOTH.flatMap((name) =>
          [['work', 'ask', 'p2_0'][page] ?? '', `p${page}_1`, `p${page}_2`, `p${page}_3`].map((one) => make(name, one)),
        ),
      );
    const tools = await walk((params) => client.listTools(params));
    expect(tools.map((page) => page.tools.map(({ name }) => name))).toEqual(each((name, one) => `${name}__${one}`));
    const prompts = await walk((params) => client.listPrompts(params));
    expect(prompts.map((page) => page.prompts.map(({ name }) => name))).toEqual(each((name, one) => `${name}__${one}`));
    const resources = await walk((params) => client.listResources(params));
    expect(resources.map((page) => page.resources.map(({ uri }) => uri))).toEqual(
      each((name, one) => `${name}://${one}`),
    );
    const [first] = tools;
    await expect(client.listPrompts({ cursor: first?.nextCursor })).rejects.toMatchObject({ code: -32602 });
    await expect(client.listTools({ cursor: '1' })).rejects.toMatchObject({ code: -32602 });
  });
  await behindOne(
    () => everything,
    async ({ client }) => {
      const value = async (ref: Parameters<Client['complete']>[0]['ref'], argument: { name: string; value: string }) =>
        (await client.complete({ ref, argument })).completion.values;
      const uri = 'demo://resource/dynamic/text/{resourceId}';
      expect((await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toContain(
        uri,
      );
      expect(await value({ type: 'ref/resource', uri }, { name: 'resourceId', value: '7' })).toEqual(['7']);
      for (const name of BOTH)
        expect(
          await value({ type: 'ref/prompt', name: `${name}__completable-prompt` }, { name: 'department', value: 'S' }),
        ).toEqual(['Sales', 'Support']);
    },
  );
});

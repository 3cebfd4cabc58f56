// A server of both eras with SDK v2 clients in every mode: handshake, discovery, `input_required`, subscriptions.
import { expect, test } from 'vitest';
import { type ClientV2, type Mode, playV2 } from './client-v2.ts';
import { dualEra, everything } from './peers.ts';
import { expectTransparent } from './stage.ts';
import { countSeen } from './transcript.ts';

async function useEverything({ call, client, step, toolsChanged }: ClientV2) {
  await step('tools/list', () => client.listTools());
  await call('test_simple_text');
  await call('test_multiple_content_types');
  await call('test_error_handling');
  await call('test_tool_with_progress');
  await call('test_tool_with_logging');
  await call('no-such-tool');
  await step('resources/read', () => client.readResource({ uri: 'test://template/7/data' }));
  await step('resources/read none', () => client.readResource({ uri: 'test://none' }));
  await step('prompts/get', () => client.getPrompt({ name: 'test_simple_prompt' }));
  const ref = { type: 'ref/prompt' as const, name: 'test_prompt_with_arguments' };
  await step('completion', () => client.complete({ ref, argument: { name: 'arg1', value: 'par' } }));
  // Fulfilled by `input_required` in the modern era, and by requests of the server in the legacy one.
  await call('test_input_required_result_elicitation');
  await call('test_input_required_result_sampling');
  await call('test_input_required_result_multiple_inputs');
  await call('test_input_required_result_multi_round');
  await step('prompt that asks', () => client.getPrompt({ name: 'test_input_required_result_prompt' }));
  const changed = toolsChanged();
  await call('test_trigger_tool_change');
  await changed;
}

const modes: readonly { mode: Mode; version: string; connections: number }[] = [
  { mode: 'legacy', version: '2025-11-25', connections: 1 },
  { mode: 'auto', version: '2026-07-28', connections: 2 },
  { mode: 'pin', version: '2026-07-28', connections: 2 },
];

test.concurrent.each(modes)(
  'SDK v2 client, $mode: same outcome, same bytes',
  async ({ mode, version, connections }) => {
    const { outcome, transcripts } = await expectTransparent(dualEra, (launch) => playV2(launch, mode, useEverything));
    expect(new Map(outcome).get('server')).toEqual([expect.anything(), version]);
    expect(new Map(outcome).get('test_input_required_result_multi_round')).toMatchObject({
      content: [{ text: 'Ada likes blue.' }],
    });
    expect(transcripts).toHaveLength(connections);
    expect(countSeen(transcripts, 'notifications/tools/list_changed')).toBe(1);
    expect(countSeen(transcripts, 'elicitation/create') > 0).toBe(version !== '2026-07-28');
  },
);

test.concurrent('SDK v2 client, auto, falls back to the handshake on a legacy server', async () => {
  const { outcome } = await expectTransparent(everything, (launch) =>
    playV2(launch, 'auto', async ({ call }) => call('echo', { message: 'old friend' })),
  );
  expect(new Map(outcome).get('server')).toEqual([expect.anything(), '2025-11-25']);
  expect(new Map(outcome).get('echo')).toMatchObject({ content: [{ text: 'Echo: old friend' }] });
});

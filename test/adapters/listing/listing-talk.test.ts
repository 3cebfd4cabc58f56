// The talk that lists a server: handshake of either era, every page, bounds, and what a hostile server may try.
import { describe, expect, it } from 'vitest';
import { type ListingOutcome, ListingTalk } from '../../../src/adapters/listing-talk.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';
import { objectAt, stringAt } from '../../../src/wire/json.ts';
import type { RequestId } from '../../../src/wire/message.ts';

function begin() {
  const sent: JsonObject[] = [];
  const outcomes: ListingOutcome[] = [];
  const talk = new ListingTalk({
    version: '1',
    digest: (text) => `d${text.length}`,
    nowMs: () => 5,
    // what was written a line before
    send: (line) => sent.push(JSON.parse(line.toString()) as JsonObject),
    done: (outcome) => outcomes.push(outcome),
  });
  talk.begin();
  const last = (): JsonObject => sent.at(-1) ?? {};
  const answer = (result: Json): void =>
    talk.take({ kind: 'response', id: last().id as RequestId, result, error: undefined });
  const fail = (code: number, message = 'no'): void =>
    talk.take({ kind: 'response', id: last().id as RequestId, result: undefined, error: { code, message } });
  const greet = (capabilities: JsonObject): void =>
    answer({ protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 's', version: '2' } });
  return { talk, sent, outcomes, last, answer, fail, greet };
}

const namesOf = (outcome: ListingOutcome | undefined): readonly string[] | undefined =>
  outcome?.kind === 'listed' ? outcome.listing.lists.tools?.entries.map(({ name }) => name) : undefined;

describe('listing', () => {
  it('asks for every page of what there is, and calls nothing', () => {
    const { sent, outcomes, answer, greet } = begin();
    greet({ tools: {}, prompts: {} });
    answer({ tools: [{ name: 'a' }], nextCursor: '' });
    answer({ tools: [{ name: 'b' }] });
    answer({ prompts: [{ name: 'p' }] });
    expect(namesOf(outcomes[0])).toEqual(['a', 'b']);
    expect(sent.map(({ method }) => method)).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/list',
      'tools/list',
      'prompts/list',
    ]);
    expect(sent[3]?.params).toEqual({ cursor: '' });
    expect(outcomes).toHaveLength(1);
  });

  it('keeps definitions as wholes over all pages, and instructions; of a part of a list what came', () => {
    const whole = begin();
    whole.answer({ capabilities: { tools: {} }, instructions: 'be kind' });
    whole.answer({ tools: [{ name: 'a', outputSchema: { x: 1 } }], nextCursor: 'c' });
    whole.answer({ tools: [{ name: 'b' }] });
    const [listed] = whole.outcomes;
    expect(listed?.kind === 'listed' ? listed.listing.seen : undefined).toEqual({
      pins: {
        tools: new Map([
          ['a', { name: 'a', fields: { outputSchema: { x: 1 } } }],
          ['b', { name: 'b', fields: {} }],
        ]),
        instructions: 'be kind',
      },
      hasInstructions: true,
    });
    const part = begin();
    part.greet({ tools: {} });
    part.answer({ tools: [{ name: 'a' }] });
    expect(part.outcomes[0]).toMatchObject({ listing: { seen: { pins: { instructions: undefined } } } });
    const again = begin();
    again.greet({ tools: {}, prompts: {} });
    again.answer({ tools: [{ name: 'a' }] });
    again.talk.take({ kind: 'notification', method: 'notifications/tools/list_changed', params: undefined });
    again.answer({ prompts: [] });
    again.fail(-1, 'gone');
    expect(again.outcomes[0]).toMatchObject({ kind: 'listed', listing: { seen: { isPart: true } } });
    const endless = begin();
    endless.greet({ tools: {} });
    endless.answer({ tools: [{ name: 'a' }], nextCursor: 'c' });
    endless.fail(-1);
    const tools = new Map([['a', { name: 'a', fields: {} }]]);
    expect(endless.outcomes[0]).toMatchObject({ listing: { seen: { pins: { tools }, isPart: true } } });
    const none = begin();
    none.greet({ tools: {} });
    none.fail(-1);
    expect(none.outcomes[0]).toMatchObject({ listing: { seen: undefined } });
  });

  it('speaks to a server of 2026-07-28', () => {
    const { outcomes, sent, answer, fail, last } = begin();
    fail(-32601);
    expect(last().method).toBe('server/discover');
    answer({ capabilities: { tools: {} } });
    const meta = objectAt(objectAt(last(), 'params'), '_meta');
    expect(stringAt(meta, 'io.modelcontextprotocol/protocolVersion')).toBe('2026-07-28');
    answer({ tools: [{ name: 'a' }] });
    expect(namesOf(outcomes[0])).toEqual(['a']);
    expect(sent.map(({ method }) => method)).not.toContain('notifications/initialized');
  });

  it('says that a server refuses', () => {
    const { outcomes, fail } = begin();
    fail(-1);
    fail(-1, 'go away');
    expect(outcomes).toEqual([{ kind: 'refused', why: 'it refused the handshake: go away' }]);
  });

  it.each<[string, (party: ReturnType<typeof begin>) => void, string]>([
    ['an error', ({ fail }) => fail(-32000, 'broken'), 'it answered with an error: broken'],
    ['no list', ({ answer }) => answer({ tools: 'x' }), 'its answer holds no list'],
    [
      'the same cursor again',
      ({ answer }) => answer({ tools: [{ name: 'b' }], nextCursor: 'c' }),
      'it gives the same cursor again',
    ],
    [
      'an ambiguous line',
      ({ talk, last }) => talk.refuse(last().id as RequestId, 'twice'),
      'its answer was refused: twice',
    ],
  ])('keeps what came before %s, and says that it is a part', (_, play, why) => {
    const party = begin();
    party.greet({ tools: {} });
    party.answer({ tools: [{ name: 'a' }], nextCursor: 'c' });
    play(party);
    const [outcome] = party.outcomes;
    expect(outcome).toMatchObject({
      listing: { lists: { tools: { isComplete: false } }, faults: [{ kind: 'tools', why }] },
    });
    expect(namesOf(outcome)?.[0]).toBe('a');
  });

  it('ends with a server that has always one page more', () => {
    const { outcomes, sent, answer, greet } = begin();
    greet({ tools: {} });
    for (let page = 0; outcomes.length === 0 && page < 5_000; page += 1)
      answer({ tools: [], nextCursor: String(page) });
    expect(sent.length).toBeLessThan(1_100);
    expect(outcomes[0]).toMatchObject({ listing: { faults: [{ why: 'it has more than 1000 pages' }] } });
  });

  it('takes a list that it has not got for none', () => {
    const { outcomes, fail, answer, greet } = begin();
    greet({ resources: {} });
    answer({ resources: [] });
    fail(-32601);
    expect(outcomes[0]).toMatchObject({ listing: { lists: { resources: { entries: [] } }, faults: [] } });
  });

  it('reads a list again that changes meanwhile, but not for ever', () => {
    const { talk, sent, outcomes, answer, greet } = begin();
    greet({ tools: {} });
    for (let time = 0; outcomes.length === 0 && time < 20; time += 1) {
      talk.take({ kind: 'notification', method: 'notifications/tools/list_changed', params: undefined });
      answer({ tools: [{ name: `t${time}` }] });
    }
    expect(sent.filter(({ method }) => method === 'tools/list')).toHaveLength(3);
    expect(namesOf(outcomes[0])).toEqual(['t2']);
  });

  it.each([
    ['ping', { result: {} }],
    ['roots/list', { result: { roots: [] } }],
    ['sampling/createMessage', { error: { code: -32601 } }],
    ['elicitation/create', { error: { code: -32601 } }],
  ])('answers %s and does nothing', (method, answer) => {
    const { talk, sent, outcomes } = begin();
    talk.take({ kind: 'request', id: 'x', method, params: {} });
    expect(sent.at(-1)).toMatchObject({ id: 'x', ...answer });
    expect(outcomes).toEqual([]);
  });

  it('takes no answer to what it did not ask', () => {
    const { talk, outcomes, greet, answer } = begin();
    greet({ tools: {} });
    for (const id of ['2', 1, 3])
      talk.take({ kind: 'response', id, result: { tools: [{ name: 'fake' }] }, error: undefined });
    expect(outcomes).toEqual([]);
    answer({ tools: [{ name: 'a' }] });
    expect(namesOf(outcomes[0])).toEqual(['a']);
  });

  it('takes nothing more once it is over', () => {
    const { talk, sent, outcomes, greet } = begin();
    greet({});
    const count = sent.length;
    talk.take({ kind: 'request', id: 1, method: 'ping', params: undefined });
    greet({ tools: {} });
    expect([sent.length, outcomes.length]).toEqual([count, 1]);
  });
});

// The guard's words to the client: only where the protocol has a place for them, in measure, and under no borrowed name.
import { describe, expect, it } from 'vitest';
import { Playbook } from './playbook.ts';

interface Said {
  readonly method: string;
  readonly params: { readonly level: string; readonly logger: string; readonly data: string };
}

function greet(playbook: Playbook, capabilities: object, version = '2025-11-25'): Playbook {
  return playbook
    .client({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: version, clientInfo: { name: 'c', version: '1' } },
    })
    .upstream({ id: 1, result: { protocolVersion: version, capabilities } })
    .client({ method: 'notifications/initialized' });
}

function setLevel(playbook: Playbook, level: unknown): Playbook {
  return playbook.client({ id: 2, method: 'logging/setLevel', params: { level } }).upstream({ id: 2, result: {} });
}

function heard(playbook: Playbook, level: 'warn' | 'error', text = 'look'): readonly Said[] {
  playbook.take();
  return playbook
    .event({ type: 'guard_said', level, text })
    .toClient()
    .map((line) => JSON.parse(line) as Said); // our own line
}

const LOGGING = { logging: {} };

describe('a warning of the guard', () => {
  it('goes to a client whose server announced logging, in the name of the guard', () => {
    expect(heard(greet(new Playbook(), LOGGING), 'warn')).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'warning', logger: 'mcp-guard', data: 'look' },
      },
    ]);
  });

  it.each([
    ['before the client is there', new Playbook()],
    [
      'before the client has said `initialized`',
      new Playbook()
        .client({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } })
        .upstream({ id: 1, result: { capabilities: LOGGING } }),
    ],
    ['where the server announced no logging', greet(new Playbook(), { tools: {} })],
    [
      'where a server refused the greeting',
      new Playbook()
        .client({ id: 1, method: 'initialize', params: {} })
        .upstream({ id: 1, error: { code: 1, message: 'no' } })
        .client({ method: 'notifications/initialized' }),
    ],
    [
      'in revision 2026-07-28',
      new Playbook().client({
        id: 1,
        method: 'tools/list',
        params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
      }),
    ],
  ])('is not sent %s', (_, playbook) => {
    expect(heard(playbook, 'error')).toEqual([]);
  });

  it.each([
    ['debug', ['warn', 'error']],
    ['warning', ['warn', 'error']],
    ['error', ['error']],
    ['critical', []],
    ['loud', []],
    [7, ['warn', 'error']],
  ] as const)('heeds the level %s that the client has set', (level, passing) => {
    const sent = (['warn', 'error'] as const).filter(
      (one) => heard(setLevel(greet(new Playbook(), LOGGING), level), one).length > 0,
    );
    expect(sent).toEqual(passing);
  });

  it('is inert and bounded', () => {
    const [said] = heard(greet(new Playbook(), LOGGING), 'warn', `\u001b[2J\u202e${'x'.repeat(5_000)}`);
    expect(said?.params.data).toMatch(/^\\u\{1b\}\[2J\\u\{202e\}x+…$/);
    expect(said?.params.data.length).toBeLessThan(1_050);
  });

  it('comes in measure, and what was left out is counted', () => {
    const playbook = greet(new Playbook(), LOGGING);
    const first = Array.from({ length: 20 }, () => heard(playbook, 'warn').length);
    expect(first.filter((count) => count === 1)).toHaveLength(8);
    playbook.at(playbook.nowMs + 9_999);
    expect(heard(playbook, 'warn')).toEqual([]);
    playbook.at(playbook.nowMs + 1);
    expect(heard(playbook, 'error')[0]?.params.data).toBe("look (13 more were not sent: see the guard's own log)");
    expect(heard(playbook, 'error')).toEqual([]);
    playbook.at(playbook.nowMs + 3_600_000);
    expect(
      Array.from({ length: 20 }, () => heard(playbook, 'warn').length).filter((count) => count === 1),
    ).toHaveLength(8);
  });
});

describe('a server that borrows the name', () => {
  const message = (logger: unknown) => ({
    method: 'notifications/message',
    params: { level: 'error', logger, data: 'x' },
  });

  it.each([
    'mcp-guard',
    'MCP-Guard',
    ' mcp-guard ',
    'mcp_guard',
    'mcpguard',
    'mcp-guard: approve',
    'ｍｃｐ-guard',
    'mcp\u200bguard',
  ])('is not passed on: %j', (logger) => {
    const playbook = greet(new Playbook(), LOGGING);
    playbook.take();
    expect(playbook.upstream(message(logger)).records()).toMatchObject([
      { name: 'answer_dropped', detail: { why: 'it speaks under the name of the guard' } },
    ]);
    expect(playbook.upstream(message(logger)).toClient()).toEqual([]);
  });

  it.each(['files', 'guard', 'mcp', undefined, 7])('and one that does not is: %j', (logger) => {
    const playbook = greet(new Playbook(), LOGGING);
    playbook.take();
    expect(playbook.upstream(message(logger)).toClient()).toHaveLength(1);
  });
});

// Where the protocol notes ask the guard *not* to forward the bytes as they came: repaired, split, refused, dropped.
// Only with the guard between: a byte pipe does none of this.
import { describe, expect, test } from 'vitest';
import { connectRaw, isAnswer, type RawClient, sayLine } from './client-raw.ts';
import { diesOfDiscover, oddity, says } from './peers.ts';
import { chosenWrap, isGuarded, type Peer, play } from './stage.ts';

interface Seen {
  /** What the client heard after the handshake, and what the server heard after it; decoded, without terminators. */
  readonly heard: readonly string[];
  readonly reached: readonly string[];
  readonly stderr: string;
  readonly code: number | null;
}

const decode = (text: string) => Buffer.from(text, 'latin1').toString();

/** Plays `scenario` after a handshake; `last` is written with the end of the input. */
async function watch(peer: Peer, scenario: (client: RawClient) => Promise<void>, last = ''): Promise<Seen> {
  const { outcome, transcripts } = await play(peer, chosenWrap(), async (launch) => {
    const client = connectRaw(launch);
    await client.initialize();
    await scenario(client);
    const code = await client.end(last);
    return { heard: client.lines.slice(1), stderr: client.stderr(), code };
  });
  const lines = transcripts.flatMap(({ servers }) => servers.flatMap((server) => server.toServer));
  return { ...outcome, reached: lines.slice(2).map((line) => decode(line.text)) };
}

const note = (n: number) => `{"jsonrpc":"2.0","method":"x/n","params":{"n":${n}}}`;
const parse = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));
const done = '{"jsonrpc":"2.0","id":$ID,"result":{"content":[]}}';

describe.runIf(isGuarded())('what the client writes', () => {
  test.concurrent('CRLF becomes LF, blank lines say nothing, a last line without terminator is not lost', async () => {
    const { reached } = await watch(
      says,
      async (client) => client.write(`${note(1)}\r\n\n  \r\n${note(2)}\n`),
      note(3),
    );
    expect(reached.filter((line) => line.trim() !== '')).toEqual([`${note(1)}\n`, `${note(2)}\n`, `${note(3)}\n`]);
  });

  test.concurrent('a BOM at the very beginning is taken off', async () => {
    const { outcome, transcripts } = await play(says, chosenWrap(), async (launch) => {
      const client = connectRaw(launch);
      client.write('\uFEFF{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n');
      await client.until((line) => isAnswer(line, 1));
      return client.end();
    });
    expect(outcome).toBe(0);
    expect(transcripts[0]?.servers[0]?.toServer[0]?.text).toBe('{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n');
  });

  test.concurrent('a batch is split, and its answers come in one array', async () => {
    const { heard, reached } = await watch(says, async (client) => {
      const calls = ['a', 'b'].map((id) => sayLine(id, `${done}\n`).trim());
      client.write(`[${calls[0]}, ${note(1)} ,${calls[1]}]\n`);
      await client.until((line) => line.startsWith('['));
    });
    expect(reached).toHaveLength(3);
    expect(reached[1]).toBe(`${note(1)}\n`);
    expect(parse(heard)).toHaveLength(1);
    expect(
      parse(heard)[0]
        .map((answer: { id: string }) => answer.id)
        .sort(),
    ).toEqual(['a', 'b']);
  });

  const call = (rest: string) => `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":${rest}}`;
  test.concurrent.each([
    ['a duplicate key', call('{"name":"say","name":"other"}'), -32600],
    ['a duplicate key in disguise', call('{"name":"say","n\\u0061me":"other"}'), -32600],
    ['a key that folds to another', call('{"name":"say","Name":"other"}'), -32600],
    ['a carriage return between tokens', `{"jsonrpc":"2.0",\r"id":5,"method":"x/r"}`, undefined],
    ['no JSON at all', 'Content-Length: 10', undefined],
    ['two values on a line', `${note(1)} ${note(2)}`, undefined],
    ['an id that is null', '{"jsonrpc":"2.0","id":null,"method":"x/r"}', undefined],
    ['an id that is no integer', '{"jsonrpc":"2.0","id":1.5,"method":"x/r"}', undefined],
    ['two ids', '{"jsonrpc":"2.0","id":5,"id":6,"method":"x/r"}', undefined],
    ['no version', '{"id":5,"method":"x/r"}', -32600],
    ['an empty batch', '[]', undefined],
    ['a name that is no string', call('{"name":["say"]}'), -32602],
    ['arguments that are no object', call('{"name":"say","arguments":[]}'), -32602],
  ])('%s never reaches the server', async (_name, line, code) => {
    const { heard, reached } = await watch(says, async (client) => {
      client.write(`${line}\n`);
      await client.request('after', 'tools/list', '{}');
    });
    expect(reached).toHaveLength(1);
    expect(reached[0]).toContain('"id":"after"');
    const answers = parse(heard).filter((message) => message.id !== 'after');
    if (code === undefined)
      expect(answers.filter((answer) => answer.id !== undefined && answer.id !== null)).toEqual([]);
    else expect(answers).toMatchObject([{ jsonrpc: '2.0', id: 5, error: { code } }]);
  });

  test.concurrent('an id in flight twice: both are answered, neither with the answer of the other', async () => {
    const { heard, reached } = await watch(says, async (client) => {
      client.write(sayLine(1)); // Answered by a later call.
      client.write(sayLine(1, '{"jsonrpc":"2.0","id":$ID,"result":{"content":[],"for":"second"}}\n'));
      client.write(sayLine(2, '{"jsonrpc":"2.0","id":1,"result":{"content":[],"for":"first"}}\n', `${done}\n`));
      await client.until((line) => line.includes('"second"'));
      await client.until((line) => isAnswer(line, 2));
    });
    expect(new Set(parse(reached).map((message) => message.id)).size).toBe(3);
    const ones = parse(heard).filter((message) => message.id === 1);
    expect(ones.map((message) => message.result.for)).toEqual(['first', 'second']);
  });
});

describe.runIf(isGuarded())('what the server says', () => {
  const sayAndDone = async (client: RawClient, ...texts: string[]) => {
    client.write(sayLine('say', ...texts, `${done}\n`));
    await client.until((line) => isAnswer(line, 'say'));
  };

  test.concurrent('noise goes to stderr and not to the client', async () => {
    const noise = ['Listening on stdio…', '[INFO] ready', '\u001b[31mred\u001b[0m', '{"half":', '[1, 2'];
    const { heard, stderr } = await watch(says, (client) => sayAndDone(client, ...noise.map((line) => `${line}\n`)));
    expect(heard).toHaveLength(1);
    for (const line of ['Listening on stdio…', '[INFO] ready', '{"half":', '[1, 2']) expect(stderr).toContain(line);
    expect(stderr).not.toContain('\u001b');
  });

  test.concurrent('an array is split into lines', async () => {
    const { heard } = await watch(says, (client) => sayAndDone(client, `[${note(1)}, ${note(2)}]\n`));
    expect(heard.slice(0, 2)).toEqual([note(1), note(2)]);
  });

  test.concurrent.each([
    ['to an id that nobody asked with', '{"jsonrpc":"2.0","id":99,"result":{}}'],
    ['to an id of another type', '{"jsonrpc":"2.0","id":"1","result":{"content":[]}}'],
    ['without an id', '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}'],
    ['that came already', '{"jsonrpc":"2.0","id":"hello","result":{}}'],
  ])('an answer %s is dropped', async (_name, line) => {
    const { heard } = await watch(says, async (client) => {
      client.write(sayLine(1));
      await sayAndDone(client, `${line}\n`, '{"jsonrpc":"2.0","id":1,"result":{"content":[],"for":1}}\n');
    });
    expect(parse(heard).map((message) => message.id)).toEqual([1, 'say']);
  });

  test.concurrent.each([
    ['a duplicate key in its envelope', '{"jsonrpc":"2.0","id":1,"result":{"content":[]},"result":{}}'],
    ['a key that folds to another', '{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false,"IsError":true}}'],
    ['a result and an error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}'],
  ])('an answer with %s is replaced, so that nobody is left waiting', async (_name, line) => {
    const { heard } = await watch(says, async (client) => {
      client.write(sayLine(1));
      await sayAndDone(client, `${line}\n`);
      await client.until((heardLine) => isAnswer(heardLine, 1));
    });
    expect(heard).not.toContain(line);
    const [answer] = parse(heard).filter((message) => message.id === 1);
    expect(answer.error !== undefined || answer.result.isError === true).toBe(true);
  });

  test.concurrent('a late answer to a cancelled call is dropped', async () => {
    const { heard } = await watch(says, async (client) => {
      client.write(sayLine(1));
      client.write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"enough"}}\n');
      await sayAndDone(client, '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}\n');
    });
    expect(parse(heard).map((message) => message.id)).toEqual(['say']);
  });
});

describe.runIf(isGuarded())('a server that ends', () => {
  test.concurrent('in the middle of a call: the call is answered, the exit code is the server’s', async () => {
    const { heard, code } = await watch(oddity('crashes-on-call'), async (client) => {
      await client.request(1, 'tools/call', '{"name":"echo","arguments":{}}');
    });
    const [answer] = parse(heard).filter((message) => message.id === 1);
    expect(answer.result).toMatchObject({ isError: true, content: [{ type: 'text' }] });
    expect(code).toBe(7);
  });

  test.concurrent('when it is asked what it speaks: the question is answered, the server started again', async () => {
    const { outcome, transcripts } = await play(diesOfDiscover, chosenWrap(), async (launch) => {
      const client = connectRaw(launch);
      const meta = '{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}';
      const discover = JSON.parse(await client.request('d', 'server/discover', meta));
      await client.initialize();
      const call = await client.request(1, 'tools/call', '{"name":"again"}');
      return [discover, call, await client.end()];
    });
    expect(outcome[0]).toMatchObject({ id: 'd', error: { code: -32601 } });
    expect(outcome[1]).toContain('again');
    expect(outcome[2]).toBe(0);
    const [first, second] = transcripts[0]?.servers.map(({ toServer }) => toServer.length) ?? [];
    expect([first, second], 'lines that the first and the second server read').toEqual([1, 3]);
  });
});

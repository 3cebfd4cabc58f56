// Lines that no SDK writes but the protocol allows: each arrives byte for byte, both ways.
import { expect, test } from 'vitest';
import { connectRaw, isAnswer, sayLine } from './client-raw.ts';
import { dualEra, says } from './peers.ts';
import { expectTransparent } from './stage.ts';

const deep = `${'['.repeat(200)}${']'.repeat(200)}`;

/** Client → server, after the handshake. The server swallows them; the tees tell whether they came. */
const odd: readonly [string, string][] = [
  [
    'numbers that a parser would change',
    '{"jsonrpc":"2.0","method":"x/n","params":{"a":1.0,"b":9007199254740993,"c":-0,"d":1e400,"e":1E+2}}',
  ],
  ['white space and another order of keys', ' { "params" : {\t"b":1,"a":2 } , "method":"x/n","jsonrpc":"2.0" } '],
  [
    'escapes',
    '{"jsonrpc":"2.0","method":"x\\/n","params":{"a":"\\u0041\\ud83d\\ude00","lone":"\\ud800","nul":"\\u0000"}}',
  ],
  ['line separators and other text', '{"jsonrpc":"2.0","method":"x/n","params":{"a":"\u2028\u2029\u0085 é😀\u200b"}}'],
  [
    'keys that are names of prototypes',
    '{"jsonrpc":"2.0","method":"x/n","params":{"x":{"__proto__":{"a":1}},"constructor":2,"toString":3}}',
  ],
  ['deep nesting', `{"jsonrpc":"2.0","method":"x/n","params":{"a":${deep}}}`],
  [
    'an unknown request',
    '{"jsonrpc":"2.0","id":"x-1","method":"com.example/unknown","params":{"_meta":{"com.example/k":[1]}}}',
  ],
  ['an unknown notification without params', '{"jsonrpc":"2.0","method":"notifications/com.example"}'],
  ['an empty cursor', '{"jsonrpc":"2.0","id":"x-2","method":"x/list","params":{"cursor":""}}'],
  [
    'keys in arguments that look like the protocol',
    '{"jsonrpc":"2.0","id":"x-3","method":"x/call","params":{"arguments":{"Name":1,"NAME":2,"id":3}}}',
  ],
  ['a megabyte', `{"jsonrpc":"2.0","method":"x/n","params":{"a":"${'é"'.replace('"', '\\"').repeat(250_000)}"}}`],
];

test.concurrent('odd but legal lines of the client arrive as they were written', async () => {
  const { transcripts } = await expectTransparent(says, async (launch) => {
    const client = connectRaw(launch);
    await client.initialize();
    for (const [, line] of odd) client.write(`${line}\n`);
    const last = await client.request(7, 'tools/list', '{}');
    return [last, await client.end()];
  });
  const arrived = transcripts.flatMap(({ servers }) => servers.flatMap((server) => server.toServer));
  const texts = arrived.map((line) => Buffer.from(line.text, 'latin1').toString());
  for (const [name, line] of odd) expect(texts.includes(`${line}\n`), name).toBe(true);
});

/** Server → client, said by one call; the call's own answer ends each. */
const said: readonly [string, string[]][] = [
  [
    'numbers',
    ['{"jsonrpc":"2.0","id":$ID,"result":{"content":[],"structuredContent":{"a":1.0,"b":9007199254740993,"c":-0}}}\n'],
  ],
  [
    'unknown members of a result',
    ['{"jsonrpc":"2.0","id":$ID,"result":{"resultType":"com.example","content":[],"ttl":1,"_meta":{"a/b":1}}}\n'],
  ],
  ['white space and order', [' { "result" : { "content" : [ ] } , "id" : $ID , "jsonrpc" : "2.0" }\n']],
  ['an error with data', ['{"jsonrpc":"2.0","id":$ID,"error":{"code":-31001,"message":"own","data":{"a":[1.0]}}}\n']],
  [
    'an error of the protocol',
    ['{"jsonrpc":"2.0","id":$ID,"error":{"code":-32042,"message":"url","data":{"elicitations":[]}}}\n'],
  ],
  [
    'notes and requests before the answer',
    [
      '{"jsonrpc":"2.0","method":"notifications/com.example","params":{"a":1.0}}\n',
      '{"jsonrpc":"2.0","id":0,"method":"roots/list"}\n',
      '{"jsonrpc":"2.0","id":"s-1","method":"com.example/ask","params":{}}\n',
      '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"\\ud800 \u2028"}}\n',
      '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"é😀\u2028"}]}}\n',
    ],
  ],
  ['no content', ['{"jsonrpc":"2.0","id":$ID,"result":{}}\n']],
];

test.concurrent('odd but legal lines of the server arrive as they were said', async () => {
  const { outcome } = await expectTransparent(says, async (launch) => {
    const client = connectRaw(launch);
    await client.initialize();
    for (const [name, texts] of said) {
      client.write(sayLine(name, ...texts));
      await client.until((line) => isAnswer(line, name));
    }
    client.write('{"jsonrpc":"2.0","id":0,"result":{"roots":[]}}\n');
    client.write('{"jsonrpc":"2.0","id":"s-1","error":{"code":-32601,"message":"no"}}\n');
    await client.end();
    return client.lines;
  });
  for (const [name, texts] of said)
    for (const text of texts) expect(outcome).toContain(text.replace('$ID', JSON.stringify(name)).replace('\n', ''));
});

test.concurrent('ids: 7 is not "7", 0 is an id, and answers come in any order', async () => {
  const { outcome } = await expectTransparent(says, async (launch) => {
    const client = connectRaw(launch);
    await client.initialize();
    for (const id of [7, '7', 0, '', -1]) client.write(sayLine(id));
    const ids = ['""', '-1', '0', '"7"', '7'];
    const answers = ids.map((id) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"for":${id}}}\n`);
    client.write(sayLine('all', ...answers, '{"jsonrpc":"2.0","id":$ID,"result":{}}\n'));
    await client.until((line) => line.includes('"id":"all"'));
    await client.end();
    return client.lines.slice(1);
  });
  expect(outcome.map((line) => JSON.parse(line).id)).toEqual(['', -1, 0, '7', 7, 'all']);
});

test.concurrent('side talk passes both ways: cancels, late and foreign answers of the client, progress of the client', async () => {
  const toServer = [
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"s","progress":0.5}}',
    '{"jsonrpc":"2.0","id":"s-1","result":{"late":1.0}}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"never-asked"}}',
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
  ];
  const ask =
    '{"jsonrpc":"2.0","id":"s-1","method":"sampling/createMessage","params":{"_meta":{"progressToken":"s"}}}\n';
  const cancel = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s-1"}}\n';
  const done = '{"jsonrpc":"2.0","id":$ID,"result":{}}\n';
  await expectTransparent(says, async (launch) => {
    const client = connectRaw(launch);
    await client.initialize();
    client.write(sayLine(1, ask));
    await client.until((line) => line.includes('sampling/createMessage'));
    client.write(sayLine(2, '{"jsonrpc":"2.0","id":1,"result":{}}\n', cancel, done));
    await client.until((line) => isAnswer(line, 2));
    for (const line of toServer) client.write(`${line}\n`);
    await client.request(3, 'tools/list', '{}');
    return [client.lines.slice(1), await client.end()];
  });
});

test.concurrent('large lines: 12 MiB each way, whole', async () => {
  const { outcome } = await expectTransparent(says, async (launch) => {
    const client = connectRaw(launch);
    await client.initialize();
    const big = 'x'.repeat(12 * 1024 * 1024);
    client.write(sayLine(1, `{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"${big}"}]}}\n`));
    const answer = await client.until((line) => isAnswer(line, 1));
    return [answer.length, await client.end()];
  });
  expect(outcome[0]).toBeGreaterThan(12 * 1024 * 1024);
});

test.concurrent('many lines: 5000 calls at once, in order, and a flood of notes', async () => {
  const note = `${JSON.stringify({ jsonrpc: '2.0', method: 'x/flood', params: { text: 'y'.repeat(100) } })}\n`;
  const { outcome } = await expectTransparent(says, async (launch) => {
    const client = connectRaw(launch);
    await client.initialize();
    const ids = [...Array(5000).keys()];
    client.write(ids.map((id) => sayLine(id, note, '{"jsonrpc":"2.0","id":$ID,"result":{}}\n')).join(''));
    await client.until((line) => line.includes('"id":4999,"result"'));
    return [client.lines.filter((line) => line.includes('"result":{}')).length, await client.end()];
  });
  expect(outcome).toEqual([5000, 0]);
});

const meta = (extra = '') =>
  `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}},"sampling":{},"roots":{}}${extra}}`;

test.concurrent('modern: discover, calls, input_required with state, listen and its end', async () => {
  const { outcome } = await expectTransparent(dualEra, async (launch) => {
    const client = connectRaw(launch);
    const ask = async (id: string | number, method: string, rest = '') =>
      JSON.parse(await client.request(id, method, `{${meta()}${rest}}`));
    const answers = [await ask('d', 'server/discover'), await ask(1, 'tools/list')];
    answers.push(await ask('s-4', 'tools/call', ',"name":"test_simple_text","arguments":{}'));
    answers.push(await ask(5, 'tools/call', ',"name":"nope"'));

    const stateful = ',"name":"test_input_required_result_request_state"';
    const first = await ask(6, 'tools/call', stateful);
    const reply = ',"inputResponses":{"confirm":{"action":"accept","content":{"ok":true}}}';
    const state = (text: string) => `,"requestState":${JSON.stringify(text)}`;
    answers.push(await ask(7, 'tools/call', `${stateful}${reply}${state(first.result.requestState)}`));
    answers.push(await ask(8, 'tools/call', `${stateful}${reply}${state(`${first.result.requestState}x`)}`));

    client.write(
      `{"jsonrpc":"2.0","id":"sub","method":"subscriptions/listen","params":{${meta()},"notifications":{"toolsListChanged":true}}}\n`,
    );
    await client.until((line) => line.includes('notifications/subscriptions/acknowledged'));
    answers.push(await ask(9, 'tools/call', ',"name":"test_trigger_tool_change"'));
    answers.push(JSON.parse(await client.until((line) => line.includes('notifications/tools/list_changed'))));
    client.write(
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"sub","reason":"enough"}}\n',
    );

    const token = meta(',"progressToken":"p-1","io.modelcontextprotocol/logLevel":"debug"');
    await client.request(10, 'tools/call', `{"name":"test_tool_with_progress",${token}}`);
    answers.push(client.lines.filter((line) => line.includes('"progressToken":"p-1"')).length);
    answers.push(await ask(11, 'ping'), await ask(12, 'no/such'));
    return [...answers, await client.end()];
  });
  const [discover, , simple] = outcome;
  expect(discover.result.supportedVersions).toEqual(['2026-07-28']);
  expect(simple.result.resultType).toBe('complete');
  expect(outcome[4].result.content[0].text).toBe('state-ok');
  expect(outcome[5].error.code).toBe(-32602);
  expect(outcome[7].params._meta).toEqual({ 'io.modelcontextprotocol/subscriptionId': 'sub' });
  expect(outcome[8]).toBe(3);
});

// What is refused because two readers could take it for two things, and what is not: each row of the threat model's "two parsers, one
// line"; and what a server may be sloppy in all the same.
import { describe, expect, it } from 'vitest';
import type { RefusalCode } from '../../src/wire/message.ts';
import { answer, call, limitsWith, messageOf, read, refusalOf } from './reading.ts';

describe('two readers, one line', () => {
  const rows: [string, string | Buffer, RefusalCode, string | number | undefined, string, ('noise' | 'refused')?][] = [
    [
      'duplicate key in the envelope',
      '{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/call"}',
      'duplicate_key',
      7,
      'request',
    ],
    ['duplicate id', '{"jsonrpc":"2.0","id":7,"id":8,"method":"ping"}', 'duplicate_key', undefined, 'unknown'],
    ['duplicate key in params', call('{"name":"a","name":"b"}'), 'duplicate_key', 7, 'request'],
    [
      'duplicate key in arguments',
      call('{"name":"a","arguments":{"x":[{"k":1,"k":1}]}}'),
      'duplicate_key',
      7,
      'request',
    ],
    ['escaped duplicate', call('{"name":"a","n\\u0061me":"b"}'), 'duplicate_key', 7, 'request'],
    [
      'duplicate __proto__',
      call('{"name":"a","arguments":{"__proto__":1,"__proto__":2}}'),
      'duplicate_key',
      7,
      'request',
    ],
    ['Method', '{"jsonrpc":"2.0","id":7,"method":"ping","Method":"tools/call"}', 'confusable_key', 7, 'unknown'],
    ['only Method', '{"jsonrpc":"2.0","id":7,"Method":"tools/call"}', 'confusable_key', 7, 'unknown'],
    ['ID', '{"jsonrpc":"2.0","id":7,"ID":8,"method":"ping"}', 'confusable_key', undefined, 'unknown'],
    ['paramſ', '{"jsonrpc":"2.0","id":7,"method":"ping","paramſ":{}}', 'confusable_key', 7, 'request'],
    ['escaped paramſ', '{"jsonrpc":"2.0","id":7,"method":"ping","param\\u017f":{}}', 'confusable_key', 7, 'request'],
    ['NUL-suffixed', '{"jsonrpc":"2.0","id":7,"method":"ping","params\\u0000":{}}', 'confusable_key', 7, 'request'],
    ['params.Name', call('{"name":"a","Name":"b"}'), 'confusable_key', 7, 'request'],
    ['params.Arguments', call('{"name":"a","Arguments":{}}'), 'confusable_key', 7, 'request'],
    ['Kelvin in params.task', call('{"name":"a","tasK":{}}'), 'confusable_key', 7, 'request'],
    ['params.__proto__', call('{"name":"a","__proto__":{"inputResponses":{}}}'), 'confusable_key', 7, 'request'],
    ['envelope.__proto__', '{"jsonrpc":"2.0","id":7,"__proto__":{"method":"ping"}}', 'confusable_key', 7, 'unknown'],
    ['result.__proto__', answer('{"__proto__":{"isError":true}}'), 'confusable_key', 7, 'response'],
    ['two strangers that fold alike', call('{"name":"a","foo":1,"FOO":2}'), 'confusable_key', 7, 'request'],
    ['_meta.ProgressToken', call('{"name":"a","_meta":{"ProgressToken":1}}'), 'confusable_key', 7, 'request'],
    ['task.TTL', call('{"name":"a","task":{"TTL":1}}'), 'confusable_key', 7, 'request'],
    [
      'ref.Name',
      '{"jsonrpc":"2.0","id":7,"method":"completion/complete","params":{"ref":{"Name":"x"}}}',
      'confusable_key',
      7,
      'request',
    ],
    ['result.IsError', answer('{"IsError":true}'), 'confusable_key', 7, 'response'],
    ['result._meta', answer('{"_meta":{"PROGRESSTOKEN":1}}'), 'confusable_key', 7, 'response'],
    ['result.task', answer('{"task":{"TaskId":1}}'), 'confusable_key', 7, 'response'],
    ['error.Code', '{"jsonrpc":"2.0","id":7,"error":{"Code":1}}', 'confusable_key', 7, 'response'],
    ['raw CR between tokens', '{"jsonrpc":"2.0",\r"id":7,"method":"ping"}', 'raw_control', undefined, 'unknown'],
    [
      'BOM inside the stream',
      Buffer.from('\ufeff{"jsonrpc":"2.0","id":7,"method":"ping"}'),
      'raw_control',
      undefined,
      'unknown',
    ],
    ['one value over two lines', '{"jsonrpc":"2.0",\n"id":7,"method":"ping"}', 'raw_control', undefined, 'unknown'],
    ['two values on a line', '{"jsonrpc":"2.0","id":7,"method":"ping"}{}', 'not_json', undefined, 'unknown', 'noise'],
    ['half a value', '{"jsonrpc":"2.0","id":7,', 'not_json', undefined, 'unknown', 'noise'],
    [
      'invalid UTF-8',
      Buffer.from('{"jsonrpc":"2.0","id":7,"method":"\xff"}', 'latin1'),
      'not_utf8',
      undefined,
      'unknown',
    ],
    [
      'call without id',
      '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}',
      'bad_envelope',
      undefined,
      'unknown',
    ],
    ['id null', call('{"name":"a"}', 'null'), 'bad_envelope', undefined, 'unknown'],
    ['id true', call('{"name":"a"}', 'true'), 'bad_envelope', undefined, 'unknown'],
    ['id object', call('{"name":"a"}', '{"id":1}'), 'bad_envelope', undefined, 'unknown'],
    ['id 1.0', call('{"name":"a"}', '1.0'), 'bad_envelope', undefined, 'unknown'],
    ['id 1.5', call('{"name":"a"}', '1.5'), 'bad_envelope', undefined, 'unknown'],
    ['id 1e2', call('{"name":"a"}', '1e2'), 'bad_envelope', undefined, 'unknown'],
    ['id -0', call('{"name":"a"}', '-0'), 'bad_envelope', undefined, 'unknown'],
    ['id 2^53+1', call('{"name":"a"}', '9007199254740993'), 'bad_envelope', undefined, 'unknown'],
    ['id of 257', call('{"name":"a"}', `"${'x'.repeat(257)}"`), 'bad_envelope', undefined, 'unknown'],
    ['jsonrpc missing', '{"id":7,"method":"ping"}', 'bad_envelope', 7, 'request'],
    ['jsonrpc 1.0', '{"jsonrpc":"1.0","id":7,"method":"ping"}', 'bad_envelope', 7, 'request'],
    ['jsonrpc 2', '{"jsonrpc":2.0,"id":7,"method":"ping"}', 'bad_envelope', 7, 'request'],
    ['method a number', '{"jsonrpc":"2.0","id":7,"method":1}', 'bad_envelope', 7, 'request'],
    ['method null', '{"jsonrpc":"2.0","id":7,"method":null,"result":{}}', 'bad_envelope', 7, 'unknown'],
    ['params an array', '{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}', 'bad_envelope', 7, 'request'],
    ['params null', '{"jsonrpc":"2.0","id":7,"method":"x/y","params":null}', 'bad_envelope', 7, 'request'],
    ['request and result', '{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}', 'bad_envelope', 7, 'unknown'],
    ['result and error', '{"jsonrpc":"2.0","id":7,"result":{},"error":{}}', 'bad_envelope', 7, 'response'],
    ['result and error null', '{"jsonrpc":"2.0","id":7,"result":{},"error":null}', 'bad_envelope', 7, 'response'],
    ['error.code a text', '{"jsonrpc":"2.0","id":7,"error":{"code":"-32042"}}', 'bad_envelope', 7, 'response'],
    ['error.code a fraction', '{"jsonrpc":"2.0","id":7,"error":{"code":-3.4}}', 'bad_envelope', 7, 'response'],
    ['error.code absent', '{"jsonrpc":"2.0","id":7,"error":{"message":""}}', 'bad_envelope', 7, 'response'],
    ['error a string', '{"jsonrpc":"2.0","id":7,"error":"x"}', 'bad_envelope', 7, 'response'],
    ['error without id', '{"jsonrpc":"2.0","error":{"code":1}}', 'bad_envelope', undefined, 'response'],
    ['error with id null', '{"jsonrpc":"2.0","id":null,"error":{"code":1}}', 'bad_envelope', undefined, 'response'],
    ['nothing but an id', '{"jsonrpc":"2.0","id":7}', 'bad_envelope', 7, 'unknown'],
    ['a scalar', '42', 'bad_envelope', undefined, 'unknown'],
    ['null', 'null', 'bad_envelope', undefined, 'unknown'],
    ['name missing', call('{}'), 'bad_call', 7, 'request'],
    ['name a number', call('{"name":1}'), 'bad_call', 7, 'request'],
    ['params missing', '{"jsonrpc":"2.0","id":7,"method":"tools/call"}', 'bad_call', 7, 'request'],
    ['arguments an array', call('{"name":"a","arguments":[]}'), 'bad_call', 7, 'request'],
    ['arguments null', call('{"name":"a","arguments":null}'), 'bad_call', 7, 'request'],
    ['lone surrogate in a name', call('{"name":"a\\ud800"}'), 'unsafe_string', 7, 'request'],
    ['low surrogate first in a name', call('{"name":"\\udc00\\ud800"}'), 'unsafe_string', 7, 'request'],
    ['two low surrogates in a name', call('{"name":"\\udc00\\udc00"}'), 'unsafe_string', 7, 'request'],
    ['NUL in a name', call('{"name":"a\\u0000"}'), 'unsafe_string', 7, 'request'],
    ['raw U+2028 in a name', call('{"name":"a\u2028"}'), 'unsafe_string', 7, 'request'],
    [
      'raw U+2029 in a uri',
      '{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{"uri":"a\u2029"}}',
      'unsafe_string',
      7,
      'request',
    ],
    ['raw U+0085 in a method', '{"jsonrpc":"2.0","id":7,"method":"a\u0085"}', 'unsafe_string', 7, 'request'],
    [
      'NUL in ref.name',
      '{"jsonrpc":"2.0","id":7,"method":"completion/complete","params":{"ref":{"name":"\\u0000x"}}}',
      'unsafe_string',
      7,
      'request',
    ],
    [
      'NUL in ref.uri',
      '{"jsonrpc":"2.0","id":7,"method":"completion/complete","params":{"ref":{"uri":"\\u0000x"}}}',
      'unsafe_string',
      7,
      'request',
    ],
    ['surrogate in an id', call('{"name":"a"}', '"\\ud800"'), 'unsafe_string', undefined, 'unknown'],
    ['NUL in a key of params', call('{"name":"a","x\\u0000y":1}'), 'unsafe_string', 7, 'request'],
    ['U+2028 in a key of _meta', call('{"name":"a","_meta":{"\u2028":1}}'), 'unsafe_string', 7, 'request'],
    [
      'surrogate in a key of the envelope',
      '{"jsonrpc":"2.0","id":7,"method":"ping","\\udfff":1}',
      'unsafe_string',
      7,
      'request',
    ],
    ['empty batch', '[]', 'empty_batch', undefined, 'unknown'],
  ];

  it.each(rows)('refuses %s', (_, line, code, id, shape, kind = 'refused') => {
    expect(refusalOf(read(line))).toEqual([kind, code, id, shape]);
  });

  it('says nothing in a refusal that a terminal would obey', () => {
    for (const [, line] of rows) {
      const reading = read(line);
      const detail = reading.kind === 'refused' || reading.kind === 'noise' ? reading.refusal.detail : '\0';
      expect(detail).toMatch(/^[\x20-\x7e…]+$/);
    }
  });

  it.each([
    [
      'any key in arguments',
      call('{"name":"a","arguments":{"Name":1,"name":2,"NAME":3,"Method":4,"a\\u0000":5,"\\ud800":6}}'),
    ],
    [
      '__proto__ in arguments, and constructor',
      call('{"name":"constructor","arguments":{"__proto__":{"x":1},"constructor":{}},"constructor":{"name":"b"}}'),
    ],
    ['truncated emoji and separators in text', call('{"name":"a","arguments":{"t":"\\ud83d \\u0000 \u2028\u0085"}}')],
    ['an emoji in a name', call('{"name":"a😀"}')],
    ['big numbers in arguments', call('{"name":"a","arguments":{"n":123456789012345678901,"f":1.0,"z":-0}}')],
  ])('passes %s', (_, line) => {
    expect(messageOf(read(line)).bytes.toString()).toBe(`${line}\n`);
  });

  it('reads own members only', () => {
    expect(refusalOf(read('{"constructor":{"jsonrpc":"2.0","id":7,"method":"ping"}}'))[1]).toBe('bad_envelope');
    expect(refusalOf(read(call('{"constructor":{"name":"a"}}')))[1]).toBe('bad_call');
  });
});

describe('a polluted prototype', () => {
  it('lends no member to a message', () => {
    // Not enumerable, so that only a look-up past the own members can find it.
    Object.defineProperty(Object.prototype, 'name', { value: 'inherited', configurable: true });
    try {
      expect(refusalOf(read(call('{}')))).toEqual(['refused', 'bad_call', 7, 'request']);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'name');
    }
  });
});

describe('what a server may be sloppy in', () => {
  it.each([
    ['structuredContent', answer('{"structuredContent":{"a":1,"a":2,"b":{"c":1,"c":1,"c":1}}}'), 3],
    ['content', answer('{"content":[{"type":"text","type":"text"}]}'), 1],
    [
      'what is for programs of a tool',
      answer('{"tools":[{"name":"a","icons":[{"src":"x","src":"y"}],"_meta":{"a":{"b":1,"b":1}}}]}'),
      2,
    ],
    ['the arguments of a prompt', answer('{"prompts":[{"name":"a","arguments":[{"name":"x","name":"y"}]}]}'), 1],
    ['deep in error.data', '{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"","data":{"a":{"b":1,"b":1}}}}', 1],
    ['two levels into _meta', answer('{"_meta":{"a":{"b":{"c":1,"c":1}}}}'), 1],
    ['an unknown member', '{"jsonrpc":"2.0","id":7,"result":{},"x":{"a":1,"a":1}}', 1],
    ['a payload called tools', answer('{"structuredContent":{"tools":[{"name":"a","name":"b"}]}}'), 1],
  ])('%s passes and is counted', (_, line, sloppy) => {
    expect(messageOf(read(line, 'upstream')).sloppy).toBe(sloppy);
    expect(refusalOf(read(line, 'upstream', limitsWith({ strictPayload: true })))[1]).toBe('duplicate_key');
    expect(refusalOf(read(line, 'client'))[1]).toBe('duplicate_key');
  });

  it.each([
    ['the envelope', '{"jsonrpc":"2.0","id":7,"result":{},"result":{}}'],
    ['result', answer('{"isError":true,"isErr\\u006fr":false}')],
    ['error', '{"jsonrpc":"2.0","id":7,"error":{"code":1,"code":2}}'],
    ['_meta', answer('{"_meta":{"a":1,"a":1}}')],
    ['an entry of _meta', answer('{"_meta":{"a":{"b":1,"b":1}}}')],
    ['task', answer('{"task":{"taskId":"1","taskId":"2"}}')],
    ['inputRequests', answer('{"inputRequests":{"a":{},"a":{}}}')],
    ['an entry of inputRequests', answer('{"inputRequests":{"a":{"method":"x","method":"y"}}}')],
    ['capabilities', answer('{"capabilities":{"tools":{"listChanged":true,"listChanged":false}}}')],
    ['serverInfo', answer('{"serverInfo":{"name":"a","name":"b"}}')],
    ['a tool', answer('{"tools":[{"name":"x"},{"name":"a","name":"b"}]}')],
    ['the schema of a tool', answer('{"tools":[{"name":"a","inputSchema":{"x":1,"x":2}}]}')],
    [
      'deep in the schema of a tool',
      answer('{"tools":[{},{"inputSchema":{"anyOf":[{"a":[]},{"a":[{"b":"","\\u0062":""}]}]}}]}'),
    ],
    [
      'the annotations of a tool',
      answer('{"tools":[{"name":"a","annotations":{"readOnlyHint":false,"readOnlyHint":true}}]}'),
    ],
    ['what nobody knows of a tool', answer('{"tools":[{"name":"a","summary":{"x":1,"x":2}}]}')],
    ['a resource', answer('{"resources":[{"uri":"a","uri":"b"}]}')],
    ['a template', answer('{"resourceTemplates":[{"name":"a","name":"b"}]}')],
    ['a prompt', answer('{"prompts":[{"name":"a","name":"b"}]}')],
  ])('a duplicate in %s is refused', (_, line) => {
    expect(refusalOf(read(line, 'upstream'))).toEqual(['refused', 'duplicate_key', 7, 'response']);
  });

  it('a duplicate in params of its request is refused', () => {
    const line = '{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"maxTokens":1,"maxTokens":2}}';
    expect(refusalOf(read(line, 'upstream'))).toEqual(['refused', 'duplicate_key', 1, 'request']);
  });

  it.each([
    ['confusable key of a tool', answer('{"tools":[{"name":"a","Name":"b"}]}'), 'confusable_key'],
    ['unsafe name of a tool', answer('{"tools":[{"name":"a"},{"name":"a\\u0000"}]}'), 'unsafe_string'],
    ['unsafe name of a prompt', answer('{"prompts":[{"name":"\\ud800"}]}'), 'unsafe_string'],
    ['unsafe uri of a resource', answer('{"resources":[{"uri":"a\u2028"}]}'), 'unsafe_string'],
  ])('%s is refused', (_, line, code) => {
    expect(refusalOf(read(line, 'upstream'))).toEqual(['refused', code, 7, 'response']);
  });

  it('a request without id is no notification from a server either', () => {
    expect(refusalOf(read('{"jsonrpc":"2.0","method":"sampling/createMessage","params":{}}', 'upstream'))[1]).toBe(
      'bad_envelope',
    );
  });
});

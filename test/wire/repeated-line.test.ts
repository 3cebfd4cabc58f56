// An answer that comes again under another id is known by its bytes, says exactly what a full reading says, and nothing else is taken
// for it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_READ_LIMITS, type LineReading, type RequestId } from '../../src/wire/message.ts';
import { readLine } from '../../src/wire/read-line.ts';
import { RepeatedLineReader } from '../../src/wire/repeated-line.ts';

const LONG = 'x'.repeat(16 * 1024);
const FORMS: readonly ((id: string, result: string) => string)[] = [
  (id, result) => `{"jsonrpc":"2.0","id":${id},"result":${result}}`,
  (id, result) => `{"id":${id},"jsonrpc":"2.0","result":${result}}`,
  (id, result) => `{"result":${result},"jsonrpc":"2.0","id":${id}}`,
];
const listOf = (text: string, list = 'tools') => `{"${list}":[{"name":"a","description":${JSON.stringify(text)}}]}`;

function resultOf(reading: LineReading): unknown {
  return reading.kind === 'message' && reading.line.message.kind === 'response'
    ? reading.line.message.result
    : undefined;
}
const linesOf = (text: string) => Buffer.from(`${text}\n`);

/** Everything that a reading says, as far as it can be compared. */
function tell(reading: LineReading): unknown {
  if (reading.kind !== 'message') return reading;
  const { bytes, text, message, sloppy } = reading.line;
  // as text: comparing a Buffer costs milliseconds
  return { bytes: bytes.toString('latin1'), text, message, sloppy };
}

describe.each(FORMS.map((form, index) => ({ form, index })))('form $index', ({ form }) => {
  const open = () => {
    const reader = new RepeatedLineReader(DEFAULT_READ_LIMITS);
    return (id: RequestId, result: string) => resultOf(reader.read(linesOf(form(JSON.stringify(id), result))));
  };

  test.each(['tools', 'prompts', 'resources', 'resourceTemplates'])('%s under any id: the same result', (list) => {
    const read = open();
    const first = read(9, listOf(LONG, list));
    expect(first).toEqual(JSON.parse(listOf(LONG, list)));
    for (const id of [10, 'a', '', -1, 0, 123_456_789]) expect(read(id, listOf(LONG, list))).toBe(first);
  });

  test('a repeated line says what a full reading of it says', () => {
    const reader = new RepeatedLineReader(DEFAULT_READ_LIMITS);
    // `x` names a key twice where no one reads it: counted, and let pass
    const result = `{"tools":[{"name":"ä","x":{"a":1,"a":2}}],"pad":"${LONG}ü"}`;
    reader.read(linesOf(form('1', result)));
    for (const id of ['2', '"b"', '-7']) {
      const bytes = linesOf(form(id, result));
      expect(tell(reader.read(bytes))).toEqual(tell(readLine(bytes, 'upstream', DEFAULT_READ_LIMITS)));
    }
  });

  test.each(['1.0', '1e2', '-0', '01', '9007199254740993', 'null', 'true', '[1]', '"\\u0061"', '"ä"', '', '"a\u0000"'])(
    'the id %s is read in full, also behind a list that is known',
    (id) => {
      const reader = new RepeatedLineReader(DEFAULT_READ_LIMITS);
      reader.read(linesOf(form('1', listOf(LONG))));
      const bytes = linesOf(form(id, listOf(LONG)));
      expect(tell(reader.read(bytes))).toEqual(tell(readLine(bytes, 'upstream', DEFAULT_READ_LIMITS)));
    },
  );

  test('one byte more, less or other is read anew', () => {
    const read = open();
    const first = read(1, listOf(LONG));
    for (const text of [`${LONG}y`, `${LONG.slice(1)}y`, `y${LONG.slice(1)}`, LONG.slice(1)]) {
      const other = read(1, listOf(text));
      expect(other).not.toBe(first);
      expect(other).toEqual(JSON.parse(listOf(text)));
    }
  });

  test('an id inside of the result is part of it', () => {
    const read = open();
    const nested = (id: number) => `{"tools":[{"name":"a","id":${id}}],"pad":"${LONG}","z":{"id":${id}}}`;
    expect(read(1, nested(1))).not.toBe(read(2, nested(2)));
    expect(read(2, nested(3))).toEqual(JSON.parse(nested(3)));
  });

  test('what a tool answers, and what is short, is not kept', () => {
    const read = open();
    const answer = `{"content":[{"type":"text","text":"${LONG}"}]}`;
    expect(read(1, answer)).not.toBe(read(2, answer));
    expect(read(1, listOf('short'))).not.toBe(read(2, listOf('short')));
  });

  test('only a few lines are kept, and only so many bytes', () => {
    const read = open();
    const first = read(1, listOf(LONG));
    for (let page = 0; page < 3; page += 1) read(1, listOf(`${LONG}${page}`));
    expect(read(2, listOf(LONG))).toBe(first);
    read(1, listOf(`${LONG}3`));
    expect(read(2, listOf(LONG))).not.toBe(first);
    const large = 'y'.repeat(5 * 1024 * 1024);
    const kept = read(1, listOf(large));
    expect(read(2, listOf(large))).toBe(kept);
    read(1, listOf(`${large}z`));
    expect(read(2, listOf(large))).not.toBe(kept);
  });

  test('whatever comes: as a full reading, and the same result only for the same bytes', () => {
    const texts = fc.constantFrom(LONG, `${LONG}"`, `a${LONG}`, `${LONG}","id":1}`, `}],"id":7,${LONG}`);
    const ids = fc.constantFrom('1', '7', '"1"', '"7"', '-1', '1.5', '"a\\n"', '12345678901234567');
    fc.assert(
      fc.property(fc.array(fc.tuple(ids, texts), { maxLength: 8 }), (answers) => {
        const reader = new RepeatedLineReader(DEFAULT_READ_LIMITS);
        const seen = new Map<unknown, string>();
        for (const [id, text] of answers) {
          const bytes = linesOf(form(id, listOf(text)));
          const reading = reader.read(bytes);
          expect(tell(reading)).toEqual(tell(readLine(bytes, 'upstream', DEFAULT_READ_LIMITS)));
          const result = resultOf(reading);
          if (result === undefined) continue;
          expect(seen.get(result) ?? text).toBe(text);
          seen.set(result, text);
        }
      }),
      { numRuns: 30 },
    );
  });
});

test('a list with a key named twice is not known any more once that is refused, and is again afterwards', () => {
  let strictPayload = false;
  const live = {
    ...DEFAULT_READ_LIMITS,
    get strictPayload() {
      return strictPayload;
    },
  };
  const reader = new RepeatedLineReader(live);
  const bytes = linesOf(
    `{"jsonrpc":"2.0","id":1,"result":{"prompts":[{"name":"a","x":{"a":1,"a":2}}],"pad":"${LONG}"}}`,
  );
  const clean = linesOf(`{"jsonrpc":"2.0","id":1,"result":${listOf(LONG)}}`);
  const [first, kept] = [resultOf(reader.read(bytes)), resultOf(reader.read(clean))];
  expect(resultOf(reader.read(bytes))).toBe(first);
  expect(first).toBeDefined();
  strictPayload = true;
  expect(reader.read(bytes)).toMatchObject({ kind: 'refused', refusal: { code: 'duplicate_key' } });
  expect(resultOf(reader.read(clean))).toBe(kept);
  strictPayload = false;
  expect(resultOf(reader.read(bytes))).toBe(first);
});

test('an error, a request and a second id beside the known list are read in full', () => {
  const reader = new RepeatedLineReader(DEFAULT_READ_LIMITS);
  const list = listOf(LONG);
  reader.read(linesOf(`{"jsonrpc":"2.0","id":1,"result":${list}}`));
  for (const text of [
    `{"jsonrpc":"2.0","id":2,"result":${list},"id":3}`,
    `{"jsonrpc":"2.0","id":2,"result":${list},"error":{"code":1,"message":"a"}}`,
    `{"jsonrpc":"2.0","id":2,"method":"ping","params":${list}}`,
    `{"jsonrpc":"1.0","id":2,"result":${list}}`,
    `{"jsonrpc":"2.0","id":2,"result":${list}`,
  ]) {
    const bytes = linesOf(text);
    expect(tell(reader.read(bytes))).toEqual(tell(readLine(bytes, 'upstream', DEFAULT_READ_LIMITS)));
  }
});

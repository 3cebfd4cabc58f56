// What others wrote: JSONTestSuite as values in messages, and the example messages of the MCP specification.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_LIMITS, type LineReading } from '../../src/wire/message.ts';
import { readLine } from '../../src/wire/read-line.ts';

const corpora = join(import.meta.dirname, '../../../shared/corpora');
const suite = join(corpora, 'json/test_parsing');
const schema = join(corpora, 'mcp/schema');

type Side = 'client' | 'upstream';
const read = (line: Buffer, from: Side): LineReading => readLine(line, from, DEFAULT_READ_LIMITS);

function wrap(head: string, value: Buffer, tail: string): Buffer {
  return Buffer.concat([
    Buffer.from(head),
    Buffer.from(value.filter((byte) => byte !== 0x0a)),
    Buffer.from(`${tail}\n`),
  ]);
}
const inArguments = (value: Buffer) =>
  wrap('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"x":', value, '}}}');
const inResult = (value: Buffer) => wrap('{"jsonrpc":"2.0","id":1,"result":{"structuredContent":', value, '}}');
const asMethod = (value: Buffer) => wrap('{"jsonrpc":"2.0","id":1,"method":', value, '}');
const asName = (value: Buffer) => wrap('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":', value, '}}');
const asId = (value: Buffer) => wrap('{"jsonrpc":"2.0","method":"ping","id":', value, '}');

describe.skipIf(!existsSync(suite))('JSONTestSuite (skipped where ../shared/corpora is absent)', () => {
  const files = existsSync(suite) ? readdirSync(suite).filter((name) => name.endsWith('.json')) : [];
  const named = (prefix: string) => files.filter((name) => name.startsWith(prefix));
  const accepted = (names: string[], make: (value: Buffer) => Buffer, from: Side) =>
    names.filter((name) => read(make(readFileSync(join(suite, name))), from).kind === 'message');
  const repeats = ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json'];

  it('is whole', () => {
    expect([named('y_').length, named('n_').length, named('i_').length]).toEqual([95, 188, 35]);
  });

  it('accepts no invalid value anywhere', () => {
    for (const make of [inArguments, inResult, asMethod, asName, asId]) {
      for (const from of ['client', 'upstream'] as const) expect(accepted(named('n_'), make, from)).toEqual([]);
    }
  });

  it('accepts every valid value from a client but the two with duplicate keys', () => {
    expect(accepted(named('y_'), inArguments, 'client')).toEqual(named('y_').filter((name) => !repeats.includes(name)));
  });

  it('accepts every valid value in the payload of a server and counts the duplicates', () => {
    for (const name of named('y_')) {
      const reading = read(inResult(readFileSync(join(suite, name))), 'upstream');
      expect([name, reading.kind === 'message' && reading.line.sloppy]).toEqual([name, repeats.includes(name) ? 1 : 0]);
    }
  });

  it('accepts what implementations define where a rule reads: nothing', () => {
    for (const make of [asMethod, asName, asId]) expect(accepted(named('i_'), make, 'client')).toEqual([]);
  });

  it('passes it as opaque payload but for UTF-8, BOM and depth', () => {
    const codes = named('i_').map((name) => {
      const reading = read(inArguments(readFileSync(join(suite, name))), 'client');
      return reading.kind === 'refused' || reading.kind === 'noise' ? reading.refusal.code : 'passes';
    });
    const count = (code: string) => codes.filter((one) => one === code).length;
    // What is not JSON are the BOM inside a line and UTF-16 without one.
    expect(codes.length).toBe(count('passes') + count('not_utf8') + count('not_json') + count('too_deep'));
    expect([count('passes'), count('not_utf8'), count('not_json'), count('too_deep')]).toEqual([18, 13, 3, 1]);
  });
});

describe.skipIf(!existsSync(schema))(
  'examples of the specification (skipped where ../shared/corpora is absent)',
  () => {
    const examples = existsSync(schema)
      ? readdirSync(schema, { recursive: true, encoding: 'utf8' }).filter((name) =>
          /[\\/]examples[\\/].*\.json$/.test(name),
        )
      : [];

    /** The example as a line, inside an envelope where it is none itself. Text, not trees: its spelling stays. */
    function lineOf(name: string): string {
      const text = readFileSync(join(schema, name), 'utf8')
        .replaceAll(/[\r\n]/g, '')
        .trim();
      const keys = Object.keys(JSON.parse(text));
      const type = name.split(/[\\/]/).at(-2) ?? '';
      if (keys.includes('method')) {
        const id = type.endsWith('Request') && !keys.includes('id') ? '"id":1,' : '';
        return keys.includes('jsonrpc') ? text : text.replace('{', `{"jsonrpc":"2.0",${id}`);
      }
      if (keys.includes('jsonrpc')) return text;
      if (type.endsWith('NotificationParams')) return `{"jsonrpc":"2.0","method":"notifications/x","params":${text}}`;
      if (type.endsWith('Params')) return `{"jsonrpc":"2.0","id":1,"method":"x/y","params":${text}}`;
      if (type.endsWith('Error')) return `{"jsonrpc":"2.0","id":1,"error":${text}}`;
      if (type.endsWith('Result')) return `{"jsonrpc":"2.0","id":1,"result":${text}}`;
      return `{"jsonrpc":"2.0","id":1,"result":{"content":[${text}],"_meta":{"example":${text}}}}`;
    }

    it('are there', () => {
      expect(examples.length).toBeGreaterThan(100);
    });

    it.each(examples)('%s passes byte-identical', (name) => {
      const text = lineOf(name);
      for (const from of ['client', 'upstream'] as const) {
        const reading = read(Buffer.from(`${text}\n`), from);
        expect(reading).toMatchObject({ kind: 'message', line: { text, sloppy: 0 } });
        expect(reading.kind === 'message' && reading.line.bytes.toString()).toBe(`${text}\n`);
      }
    });
  },
);

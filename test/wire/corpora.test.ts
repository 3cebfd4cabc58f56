// What others wrote: JSONTestSuite as values in messages, and the example messages of the MCP specification.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LineFramer } from '../../src/wire/framer.ts';
import { DEFAULT_READ_LIMITS, type LineReading } from '../../src/wire/message.ts';
import { readLine } from '../../src/wire/read-line.ts';
import { judgeBytes } from './reference-scanner.ts';

const corpora = join(import.meta.dirname, '../../../shared/corpora');
const suite = join(corpora, 'json/test_parsing');
const schema = join(corpora, 'mcp/schema');

type Side = 'client' | 'upstream';
const read = (line: Buffer, from: Side): LineReading => readLine(line, from, DEFAULT_READ_LIMITS);

type Lfs = 'remove' | 'keep';
/** Puts the value of a file between two pieces of a message. */
const around =
  (head: string, tail: string) =>
  (value: Buffer, lfs: Lfs = 'remove'): Buffer => {
    const kept = lfs === 'keep' ? value : Buffer.from(value.filter((byte) => byte !== 0x0a));
    return Buffer.concat([Buffer.from(head), kept, Buffer.from(`${tail}\n`)]);
  };
const inArguments = around(
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"x":',
  '}}}',
);
const inResult = around('{"jsonrpc":"2.0","id":1,"result":{"structuredContent":', '}}');
const asMethod = around('{"jsonrpc":"2.0","id":1,"method":', '}');
const asName = around('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":', '}}');
const asId = around('{"jsonrpc":"2.0","method":"ping","id":', '}');

describe.skipIf(!existsSync(suite))('JSONTestSuite (skipped where ../shared/corpora is absent)', () => {
  const files = existsSync(suite) ? readdirSync(suite).filter((name) => name.endsWith('.json')) : [];
  const named = (prefix: string) => files.filter((name) => name.startsWith(prefix));
  const accepted = (names: string[], make: (value: Buffer, lfs?: Lfs) => Buffer, from: Side) =>
    names.filter((name) => read(make(readFileSync(join(suite, name))), from).kind === 'message');
  const repeats = ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json'];

  it('is whole', () => {
    expect([named('y_').length, named('n_').length, named('i_').length]).toEqual([95, 188, 35]);
  });

  // Its one fault is a raw LF inside a string: with the LF removed it is valid JSON, and no reader could refuse it.
  const onlyFaultIsLf = 'n_string_unescaped_newline.json';

  it('accepts none of the invalid values, as they stand: an LF in one splits its line', () => {
    for (const make of [inArguments, inResult, asMethod, asName, asId]) {
      for (const from of ['client', 'upstream'] as const) {
        for (const name of named('n_')) {
          const kinds: string[] = [];
          const onLine = (line: Buffer) => kinds.push(read(line, from).kind);
          const framer = new LineFramer({ limitBytes: 1 << 20, onLine, onOversize: () => kinds.push('oversize') });
          framer.push(make(readFileSync(join(suite, name)), 'keep'));
          framer.end();
          expect([name, kinds.length > 0, kinds.includes('message')]).toEqual([name, true, false]);
        }
      }
    }
  });

  it('accepts none of the invalid values with their LFs removed, but the one that this makes valid', () => {
    const invalid = named('n_').filter((name) => name !== onlyFaultIsLf);
    expect(invalid.length).toBe(187);
    expect(JSON.parse(readFileSync(join(suite, onlyFaultIsLf), 'utf8').replaceAll('\n', ''))).toEqual(['newline']);
    for (const make of [inArguments, inResult, asMethod, asName, asId]) {
      for (const from of ['client', 'upstream'] as const) expect(accepted(invalid, make, from)).toEqual([]);
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
    const seen = new Set<string>();
    for (const name of named('i_')) {
      const value = readFileSync(join(suite, name)).filter((byte) => byte !== 0x0a);
      const reading = read(inArguments(Buffer.from(value)), 'client');
      const said = reading.kind === 'refused' || reading.kind === 'noise' ? reading.refusal.code : 'passes';
      const expected = expectOpaque(value);
      seen.add(expected);
      expect([name, said]).toEqual([name, expected]);
    }
    expect([...seen].sort()).toEqual(['not_json', 'not_utf8', 'passes', 'too_deep']);
  });
});

/** What must come of an implementation-defined value, from the platform's decoder and the reference scanner alone. */
function expectOpaque(value: Uint8Array): string {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(value);
  } catch {
    return 'not_utf8';
  }
  // A BOM behind the first character of a line is no white space, so the line is not JSON.
  if (value[0] === 0xef && value[1] === 0xbb && value[2] === 0xbf) return 'not_json';
  // The message adds three levels: envelope, params, arguments.
  return judgeBytes(value).depth + 3 > DEFAULT_READ_LIMITS.maxDepth ? 'too_deep' : 'passes';
}

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

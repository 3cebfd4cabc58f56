// A terminal to test against, and calls to show on it.
import type { Call } from '../../src/audit/query.ts';
import type { CliIo } from '../../src/cli/io.ts';
import { measureText } from '../../src/cli/text-width.ts';
import type { Trail } from '../../src/cli/trail.ts';

export interface Screen {
  readonly io: CliIo;
  out(): string;
  err(): string;
}

export function openScreen(columns = 80, color = false): Screen {
  let out = '';
  let err = '';
  return {
    io: {
      stdout: {
        write: (text) => {
          out += text;
        },
      },
      stderr: {
        write: (text) => {
          err += text;
        },
      },
      columns,
      color,
    },
    out: () => out,
    err: () => err,
  };
}

/** The lines of it that are wider than `columns`. */
export function wideLines(text: string, columns = 80): readonly string[] {
  return text.split('\n').filter((line) => measureText(line) > columns);
}

export const SEGMENT = '0123456789abcdef';

export function makeCall(more: Partial<Call> = {}): Call {
  const line =
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"/tmp/x","n":9007199254740993}}}';
  return {
    ref: { segment: SEGMENT, seq: 3 },
    tenant: 'default',
    session: 's1',
    principal: 'ada',
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
    asked: 'client',
    server: 'files',
    method: 'tools/call',
    subject: 'read_file',
    decision: 'pass',
    rule: undefined,
    reason: undefined,
    client: 'host/1',
    model: 'model-1',
    modelSource: 'operator',
    rpcId: 1,
    correlation: { traceparent: 't' },
    bytes: line.length,
    input: { form: 'line', text: line, digest: 'd', salt: 's' },
    outcomes: [
      {
        ref: { segment: SEGMENT, seq: 4 },
        at: Date.UTC(2026, 0, 2, 3, 4, 6),
        settlement: 'result',
        errorCode: undefined,
        isError: false,
        resultType: undefined,
        taskId: undefined,
        durationMs: 12.3,
        bytes: 10,
        output: {
          form: 'line',
          text: '{"jsonrpc":"2.0","id":1,"result":{"content":[],"big":1.0}}',
          digest: 'e',
          salt: 's',
        },
        fault: undefined,
        header: {},
      },
    ],
    state: 'ok',
    withheld: undefined,
    fault: undefined,
    header: {},
    ...more,
  };
}

/** A trail that holds nothing, with what a test puts in. */
export function makeTrail(more: Partial<Trail> = {}): Trail {
  return {
    directory: '/state',
    hasSegments: () => true,
    lastCalls: () => [],
    follow: () => {},
    findRecord: () => undefined,
    loadPayload: () => ({ kind: 'missing' }),
    verify: () => ({ segments: [], faults: [], exitCode: 0 }),
    ...more,
  };
}

// One call in full, and the verdict over all chains.
import { describe, expect, test } from 'vitest';
import type { TrailFault, VerifiedSegment } from '../../src/adapters/trail-verify.ts';
import type { SegmentVerdict } from '../../src/audit/verify.ts';
import { runAuditShow } from '../../src/cli/audit-show.ts';
import { runAuditVerify } from '../../src/cli/audit-verify.ts';
import { GuardError } from '../../src/guard-error.ts';
import { makeCall, makeTrail, openScreen, SEGMENT } from './screen.ts';

const id = `${SEGMENT}:3`;

describe('audit show', () => {
  const show = (call: ReturnType<typeof makeCall>, json = false, more = {}) => {
    const screen = openScreen();
    const trail = makeTrail({ findRecord: () => ({ kind: 'call', call, serverEnd: undefined }), ...more });
    expect(runAuditShow({ id, json }, screen.io, trail)).toBe(0);
    return screen.out();
  };

  test('everything that is known, payloads as on record', () => {
    const out = show(makeCall({ rule: 'scope.files.grants[2]', decision: 'observe', reason: 'would deny' }));
    for (const row of [
      'record      0123456789abcdef:3',
      'time        2026-01-02T03:04:05.000Z',
      'outcome     ok',
      'server      files',
      'tool        read_file',
      'decision    observe (a rule denies it; it passed)',
      'rule        scope.files.grants[2]',
      'reason      would deny',
      'client      host/1',
      'model       model-1 (operator)',
      'principal   ada',
      'tenant      default',
      'session     s1',
      'request id  1',
      'traceparent t',
    ]) {
      expect(out.split('\n')).toContain(row);
    }
    expect(out).toContain('  "arguments": {\n    "path": "/tmp/x",\n    "n": 9007199254740993\n  }');
    expect(out).toContain(
      'output (0123456789abcdef:4)\nresult, after 12ms, 10 bytes\n{\n  "content": [],\n  "big": 1.0\n}',
    );
  });

  test('says where the model is unknown, and how the call failed', () => {
    const [outcome] = makeCall().outcomes;
    if (outcome === undefined) throw new Error('no outcome');
    const out = show(
      makeCall({
        model: undefined,
        outcomes: [{ ...outcome, settlement: 'error', errorCode: -32603, isError: true, taskId: 't\u001b' }],
      }),
    );
    expect(out).toContain('model       unknown\n');
    expect(out).toContain('error, isError, code -32603, task t\\u{1b}, after 12ms');
  });

  test('says that an answer was handed to nobody', () => {
    const out = show(makeCall({ state: 'withheld', withheld: { rule: 'canary', reason: 'canary_found\u001b' } }));
    expect(out).toContain(
      '\noutcome     withheld\nwithheld    canary_found\\u{1b} (canary): what came back was not handed on\n',
    );
    expect(out).toContain('output (0123456789abcdef:4), withheld\n');
    expect(show(makeCall())).not.toContain('withheld');
  });

  test('nothing in the data steers the terminal', () => {
    const evil = '\u001b]0;x\u0007\u202e\u200b\u{e0041}\u009b';
    const text = `{"params":{"arguments":{"a":"${evil}\n"}}}`;
    const out = show(
      makeCall({
        server: evil,
        subject: evil,
        reason: evil,
        client: evil,
        rpcId: evil,
        correlation: { [evil]: evil },
        input: { form: 'text', text, digest: 'd', salt: 's' },
      }),
    );
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    expect(out).toContain('\\u{1b}]0;x\\u{7}');
  });

  test.each<[string, object, string]>([
    ['not recorded', { input: undefined }, '(not recorded)'],
    [
      'only a digest',
      { input: { form: 'digest', text: undefined, digest: 'dd', salt: 's' } },
      'only its digest is on record: dd',
    ],
    [
      'off',
      { input: { form: 'off', text: undefined, digest: undefined, salt: undefined } },
      '`audit.payload` is `off`',
    ],
    ['removed', { input: { form: 'removed', text: undefined, digest: 'd', salt: undefined } }, 'was removed'],
    ['in a file that is gone', { input: { form: 'file', text: undefined, digest: 'd', salt: 's' } }, 'which is gone'],
  ])('a payload that is %s', (_, more, expected) => {
    expect(show(makeCall(more))).toContain(expected);
  });

  test('a payload in a file is asked for by the record that names it, and shown if it is the one', () => {
    const asked: string[][] = [];
    const call = makeCall({ input: { form: 'file', text: undefined, digest: 'd', salt: 's' } });
    const bytes = Buffer.from('{"params":{"x":"\u001b"}}');
    const out = show(call, false, {
      loadPayload: (...words: string[]) => {
        asked.push(words);
        return { kind: 'ok', bytes };
      },
    });
    expect(asked).toEqual([['default', SEGMENT, 'd', 's']]);
    expect(out).toContain('"x": "\\u{1b}"');
    expect(show(call, false, { loadPayload: () => ({ kind: 'mismatch' }) })).toContain('not the one on record');
  });

  test('a record that was altered says so, loudly, and ends with 2', () => {
    const fault = 'the payload is not the one that the header commits to';
    const [outcome] = makeCall().outcomes;
    if (outcome === undefined) throw new Error('no outcome');
    const altered = makeCall({ fault, outcomes: [{ ...outcome, fault: 'the header does not have its hash' }] });
    for (const json of [false, true]) {
      const screen = openScreen();
      const trail = makeTrail({ findRecord: () => ({ kind: 'call', call: altered, serverEnd: undefined }) });
      expect(runAuditShow({ id, json }, screen.io, trail)).toBe(2);
      expect(screen.err().split('\n')).toEqual([
        `ALTERED record ${SEGMENT}:3: ${fault}: what is shown is not what was written; see \`mcp-guard audit verify\``,
        expect.stringContaining(`ALTERED record ${SEGMENT}:4: the header does not have its hash`),
        '',
      ]);
      if (json)
        expect(JSON.parse(screen.out())).toMatchObject({
          altered: fault,
          outcomes: [{ altered: 'the header does not have its hash' }],
        });
      else
        expect(screen.out().startsWith(`ALTERED: record ${SEGMENT}:3: ${fault}\nALTERED: record ${SEGMENT}:4`)).toBe(
          true,
        );
    }
  });

  test('how the server ended stands beside the outcome', () => {
    const call = makeCall({ state: 'exited' });
    const more = { findRecord: () => ({ kind: 'call' as const, call, serverEnd: 'signal SIGKILL\u001b' }) };
    expect(show(call, false, more)).toContain('outcome     exited (signal SIGKILL\\u{1b})\n');
    expect(JSON.parse(show(call, true, more))).toMatchObject({ state: 'exited', serverEnd: 'signal SIGKILL\u001b' });
  });

  test('a refused line: whole, as it came, and no empty id', () => {
    const line = '{"id":1,"method":"tools/call","params":{"name":"a","name":"b"}}';
    const refused = { method: 'unread', subject: undefined, rule: 'strict', decision: 'deny', rpcId: '', outcomes: [] };
    const out = show(
      makeCall({ ...refused, state: 'denied', input: { form: 'text', text: line, digest: 'd', salt: 's' } }),
    );
    expect(out.endsWith(`input\n${line}\n`)).toBe(true);
    expect(out).not.toContain('request id');
    expect(show(makeCall({ rpcId: '' }))).toContain('request id  ""\n');
  });

  test('--json is one inert line', () => {
    expect(JSON.parse(show(makeCall(), true))).toMatchObject({ id, decision: 'pass' });
  });

  test('a record that is no call is shown as it stands', () => {
    const screen = openScreen();
    const record = {
      header: { type: 'event', detail: '\u001b' },
      headerText: '',
      hash: '',
      payloadText: undefined,
      salt: undefined,
    };
    const placed = { ref: { segment: SEGMENT, seq: 3 }, tenant: 'default', record, open: undefined };
    runAuditShow({ id }, screen.io, makeTrail({ findRecord: () => ({ kind: 'record', placed, fault: undefined }) }));
    expect(screen.out()).toBe('{\n  "type": "event",\n  "detail": "\\u001b"\n}\n');
    const altered = makeTrail({
      findRecord: () => ({ kind: 'record', placed, fault: 'the header does not have its hash' }),
    });
    expect(runAuditShow({ id }, screen.io, altered)).toBe(2);
    expect(screen.err()).toContain(`ALTERED record ${SEGMENT}:3: the header does not have its hash`);
  });

  test.each<[string, string]>([
    ['nonsense', 'usage'],
    ['../../etc:1', 'usage'],
    [`${SEGMENT}:0`, 'usage'],
    [id, 'record_unknown'],
  ])('%s: %s', (asked, code) => {
    const run = () => runAuditShow({ id: asked }, openScreen().io, makeTrail());
    expect(run).toThrow(GuardError);
    expect(run).toThrow(expect.objectContaining({ code }));
  });
});

describe('audit verify', () => {
  const segment = (verdict: SegmentVerdict, isLive = false): VerifiedSegment => ({
    tenant: 'default',
    segment: SEGMENT,
    day: '2026-01-02',
    path: '/x',
    isLive,
    contradiction: undefined,
    report: { verdict, end: { segment: SEGMENT, seq: 7, head: 'h' }, removed: 0, claims: [], tenant: 'default' },
  });
  const verify = (segments: VerifiedSegment[], exitCode: 0 | 1 | 2, options = {}, faults: TrailFault[] = []) => {
    const screen = openScreen();
    const trail = makeTrail({
      verify: (_, onSegment) => {
        segments.forEach(onSegment);
        return { segments, faults, exitCode };
      },
    });
    return [runAuditVerify(options, screen.io, trail), screen.out()];
  };

  test.each<[SegmentVerdict, boolean, 0 | 1 | 2, string, string]>([
    [{ kind: 'intact' }, false, 0, '', '1 intact, 0 with an unclean end, 0 broken'],
    [{ kind: 'unclean' }, true, 0, '', '1 intact'],
    [{ kind: 'torn', bytes: 5 }, true, 0, '', '1 intact'],
    [{ kind: 'unclean' }, false, 1, 'unclean end after record 7: no seal', '1 with an unclean end'],
    [{ kind: 'torn', bytes: 5 }, false, 1, 'torn tail of 5 bytes after record 7', '1 with an unclean end'],
    [{ kind: 'broken', record: 8, why: 'the hash\u001b' }, true, 2, 'broken at record 8: the hash\\u{1b}', '1 broken'],
  ])('%j, live %s: exit %s', (verdict, isLive, exitCode, line, total) => {
    const [code, out] = verify([segment(verdict, isLive)], exitCode);
    expect(code).toBe(exitCode);
    const lines = String(out).trimEnd().split('\n');
    expect(lines).toHaveLength(line === '' ? 2 : 3);
    expect(lines.pop()).toBe('in /state');
    if (line !== '') expect(lines[0]).toBe(`default ${SEGMENT}: ${line}`);
    expect(lines.at(-1)).toContain('1 segment, 7 records: ');
    expect(lines.at(-1)).toContain(total);
  });

  test('--verbose names intact ones, too', () => {
    expect(verify([segment({ kind: 'intact' })], 0, { verbose: true })[1]).toContain(
      `default ${SEGMENT}: intact, 7 records\n`,
    );
    expect(verify([segment({ kind: 'unclean' }, true)], 0, { verbose: true })[1]).toContain(
      'intact so far, 7 records, still being written',
    );
  });

  test('what other segments say of a missing one', () => {
    const [code, out] = verify([], 2, {}, [{ segment: 's', tenant: 't', why: 'it is gone', isGone: true, record: 1 }]);
    expect(code).toBe(2);
    expect(out).toContain('t s: gone: it is gone\n');
    expect(out).toContain('0 segments, 0 records: 0 intact, 0 with an unclean end, 0 broken, 1 gone\nin /state\n');
  });

  test('one segment, one verdict: what another one says of it, before its own end', () => {
    const contradiction = { segment: SEGMENT, record: 8, why: '`x` saw 9 records, there are 7: the end was cut off' };
    const cut = { ...segment({ kind: 'unclean' }), contradiction };
    const fault = { ...contradiction, tenant: 'default', isGone: false };
    expect(verify([cut], 2, {}, [fault])).toEqual([
      2,
      [
        `default ${SEGMENT}: broken at record 8: \`x\` saw 9 records, there are 7: the end was cut off`,
        '1 segment, 7 records: 0 intact, 0 with an unclean end, 1 broken',
        'in /state\n',
      ].join('\n'),
    ]);
    const [first] = String(verify([cut], 2, { json: true }, [fault])[1]).split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ grade: 'broken', kind: 'broken', record: 8 });
  });

  test('a directory without segments says so', () => {
    expect(verify([], 0)).toEqual([0, 'nothing is on record\nin /state\n']);
  });

  test('--json: a line each, and the sum', () => {
    const [, out] = verify([segment({ kind: 'broken', record: 8, why: 'x' })], 2, { json: true }, [
      { segment: 's', tenant: 't', why: 'gone', isGone: true, record: 1 },
    ]);
    expect(
      String(out)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        tenant: 'default',
        segment: SEGMENT,
        grade: 'broken',
        isLive: false,
        kind: 'broken',
        record: 8,
        why: 'x',
        records: 7,
        head: 'h',
        removed: 0,
      },
      { segment: 's', tenant: 't', why: 'gone', grade: 'gone' },
      { directory: '/state', exitCode: 2, segments: 1, records: 7, intact: 0, unclean: 0, broken: 1, gone: 1 },
    ]);
  });
});

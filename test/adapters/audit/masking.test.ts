// No secret gets into the trail, in no form and no field; what is kept is what the chain commits to.
import { Buffer } from 'node:buffer';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMasker } from '../../../src/audit/redact/masker.ts';
import { makeEvent, makeIntent, makeOutcome, payloadOf } from '../../audit/sample.ts';
import { endScene, makeScene, type Scene } from './scene.ts';

const TOKEN = 'ghp_S3cret"Token/1234';
const masker = createMasker([{ name: 'KEY', value: TOKEN }]);
const FORMS = [
  TOKEN,
  JSON.stringify(TOKEN).slice(1, -1),
  Buffer.from(TOKEN).toString('hex'),
  Buffer.from(TOKEN).toString('base64'),
  encodeURIComponent(TOKEN),
];

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

/** Everything below the state directory, as one text. */
function everything(): string {
  const names = fs.readdirSync(scene.stateDir, { recursive: true, encoding: 'utf8' });
  const files = names.map((name) => join(scene.stateDir, name)).filter((path) => fs.statSync(path).isFile());
  return [...names, ...files.map((path) => fs.readFileSync(path, 'utf8'))].join('\n');
}

test('payloads and headers are masked before they are committed to', () => {
  const sink = scene.sink({ masker });
  const intent = makeIntent({
    ...{ subject: `tool ${TOKEN}`, method: `m/${TOKEN}`, rpcId: `id-${TOKEN}`, client: `c/${TOKEN}`, reason: TOKEN },
    model: { id: `m-${TOKEN}`, source: 'operator' },
    correlation: { trace: TOKEN, [TOKEN]: 'x' },
    payload: payloadOf({ plain: TOKEN, forms: FORMS }),
  });
  const late = `${'x'.repeat(1020)}${TOKEN}`;
  const event = makeEvent({ detail: { why: `said ${TOKEN}`, count: 3, none: null, late, [TOKEN]: true } });
  expect(sink.append([intent, event])).toBe(true);
  const outcome = makeOutcome(intent, { taskId: TOKEN, payload: payloadOf({ result: `${TOKEN} `.repeat(5000) }) });
  expect(sink.append([outcome])).toBe(true);
  sink.close('done');
  const text = everything();
  for (const form of FORMS) expect(text).not.toContain(form);
  expect(text).not.toContain('ghp_');
  expect(text).toContain('[secret KEY]');
  expect(scene.verdicts()).toEqual(['intact']);
  // identity is kept: the outcome points at its intent, and the entries are as they were
  expect(scene.records()[0]?.at(-2)?.header.intent).toBe(`${intent.ref?.segment}:${intent.ref?.seq}`);
  expect(intent.subject).toBe(`tool ${TOKEN}`);
  expect(intent.payload?.text).toContain('ghp_');
});

test('the form of a payload stays, unless what is left is no JSON', () => {
  const form = (text: string) => {
    const payload = { bytes: Buffer.from(`${text}\n`), text };
    const sink = scene.sink({ masker: createMasker([{ name: 'N', value: 'nabcdefgh' }]) });
    const intent = makeIntent({ payload });
    sink.append([intent]);
    const path = scene.segments().findIndex((one) => one.includes(intent.ref?.segment ?? 'none'));
    const record = scene.records()[path]?.at(-1);
    sink.close('done');
    return [record?.header.p, record?.payloadText];
  };
  expect(form('{"a":"nabcdefgh"}')).toEqual(['line', '{"a":"[secret N]"}']);
  expect(form('{"a":"none"}')).toEqual(['line', '{"a":"none"}']);
  expect(form('{"a":"\\nabcdefgh"}')).toEqual(['text', JSON.stringify('{"a":"\\[secret N]"}')]);
  expect(scene.verdicts()).toEqual(['intact', 'intact', 'intact']);
});

test('a digest is of what is masked: nobody can test a guess against it', () => {
  const sink = scene.sink({ masker, payload: 'digest', onFailure: 'deny' });
  const same = (text: string) => payloadOf({ text });
  sink.append([makeIntent({ payload: same(TOKEN) })]);
  sink.close('done');
  const record = scene.records()[0]?.[1];
  expect(record?.header.p).toBe('digest');
  expect(record?.salt).toMatch(/^[0-9a-f]{32}$/);
  expect(scene.verdicts()).toEqual(['intact']);
});

test('a secret of digits is masked where it is the number of a request', () => {
  const digits = createMasker([{ name: 'PIN', value: '482910375566' }]);
  const sink = scene.sink({ masker: digits });
  sink.append([makeIntent({ rpcId: 482910375566 }), makeIntent({ rpcId: 7 })]);
  sink.close('done');
  expect(everything()).not.toContain('482910375566');
  expect(everything()).toContain('[secret PIN]');
  expect(everything()).toMatch(/"id":7\b/);
});

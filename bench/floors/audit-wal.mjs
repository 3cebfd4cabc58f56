// Floor: `parse` plus a write-ahead record. Two hash-chained records a call, each with the line as its payload: the
// intent is written before the call leaves, the outcome before the answer is delivered, one write(2) for those that
// became ready together, no fsync. What being on record costs, without policy, limits or containment.
import { hash } from 'node:crypto';
import { openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { relayLines } from './relay.mjs';
import { startUpstream } from './upstream.mjs';

const path = join(tmpdir(), `audit-wal-${process.pid}.jsonl`);
const trail = openSync(path, 'ax', 0o600);
const upstream = startUpstream(() => rmSync(path, { force: true }));

const digest = (text) => hash('sha256', text);
const inFlight = new Map();
let head = digest('');
let sequence = 0;
let ready = '';

function record(fields, payloadKey, line) {
  sequence += 1;
  const header = JSON.stringify({ seq: sequence, prev: head, at: Date.now(), ...fields, payload: digest(line) });
  head = digest(header);
  ready += `{"header":${header},"head":"${head}","${payloadKey}":${line}}\n`;
}

function writeReady() {
  if (ready === '') return;
  writeSync(trail, ready);
  ready = '';
}

function recordIntent(line) {
  const { id, method, params } = JSON.parse(line);
  if (method !== 'tools/call') return;
  inFlight.set(id, { tool: params.name, since: performance.now() });
  record({ kind: 'intent', id, tool: params.name, verdict: 'pass' }, 'input', line);
}

function recordOutcome(line) {
  const { id, error, result } = JSON.parse(line);
  const call = inFlight.get(id);
  if (call === undefined) return;
  inFlight.delete(id);
  const outcome = error !== undefined ? 'error' : result.isError === true ? 'tool_error' : 'ok';
  record({ kind: 'outcome', id, tool: call.tool, ms: performance.now() - call.since, outcome }, 'output', line);
}

relayLines(process.stdin, upstream.stdin, recordIntent, writeReady);
relayLines(upstream.stdout, process.stdout, recordOutcome, writeReady);

// What `audit show` says of a record that is about a breaker: a transition, or a person's order. Knows no file; everything in it
// is attacker-controlled and shown inert.
import { showRef } from '../audit/entry.ts';
import { type PlacedRecord, timeAt } from '../audit/query.ts';
import { readTransition } from '../policy/breaker/transition-record.ts';
import type { JsonObject } from '../wire/json.ts';
import { objectAt, stringAt } from '../wire/json.ts';
import { describeEvidence, RULE_WORDS, showSpan } from './breaker-words.ts';
import { makeInert } from './inert-text.ts';
import type { Paint } from './render.ts';
import { wrapWords } from './text-width.ts';

type Row = readonly [label: string, value: string | undefined];

const LABEL = 12;
const NARROWEST = 20;

/** Stages of an order, as they are recorded, in words. */
const STAGES: Readonly<Record<string, string>> = {
  asked: 'what came of it is a record of its own',
  failed: 'could not be carried out, nothing has changed',
  unchanged: 'changed nothing',
};

/** Undefined where it is no such record, or none that this version knows: then it is shown as it stands. */
export function describeBreakerRecord(placed: PlacedRecord, columns: number, paint: Paint): string | undefined {
  const { header } = placed.record;
  const detail = objectAt(header, 'detail');
  if (header.type !== 'event' || detail === undefined) return undefined;
  const rows = header.name === 'breaker' ? moveRows(detail) : header.name === 'breaker_order' ? orderRows(detail) : [];
  if (rows.length === 0) return undefined;
  const common: readonly Row[] = [
    ['record', showRef(placed.ref)],
    ['time', new Date(timeAt(header)).toISOString()],
    ['event', stringAt(header, 'name')],
    ['tenant', placed.tenant],
    ['server', stringAt(header, 'server')],
    ['tool', stringAt(detail, 'tool') ?? '(the server as a whole)'],
  ];
  const room = Math.max(NARROWEST, columns - LABEL);
  return [...common, ...rows]
    .flatMap(([label, value]) =>
      value === undefined
        ? []
        : wrapWords(makeInert(value), room).map(
            (line, index) => paint('quiet', (index === 0 ? label : '').padEnd(LABEL)) + line,
          ),
    )
    .join('\n');
}

function moveRows(detail: JsonObject): readonly Row[] {
  const transition = readTransition(detail)?.transition;
  if (transition === undefined) return [];
  const { from, to, rule, evidence, openMs, round, epoch } = transition;
  const because = RULE_WORDS[rule];
  const said = describeEvidence(evidence);
  return [
    ['moved', `${from} -> ${to}`],
    ['for', openMs === undefined ? undefined : `${showSpan(openMs)}${round > 1 ? `, time ${round} in a row` : ''}`],
    ['why', because === '' ? said : evidence.kind === 'person' ? `${because} ${said}` : `${because}, ${said}`],
    ['rule', rule],
    ['epoch', `${epoch}`],
  ];
}

function orderRows(detail: JsonObject): readonly Row[] {
  const stage = stringAt(detail, 'stage') ?? '?';
  return [
    ['order', stringAt(detail, 'order')],
    ['stage', Object.hasOwn(STAGES, stage) ? `${stage}: ${STAGES[stage]}` : stage],
    ['by', stringAt(detail, 'actor')],
    ['reason', stringAt(detail, 'reason')],
    ['why', stringAt(detail, 'why')],
    ['asked in', stringAt(detail, 'asked')],
  ];
}

// `mcp-guard tenant history`: what was done with a tenant and by whom, the sessions that ended for it, and the canaries of others that were
// seen in its traffic; out of its own trail. Knows no file.
import type { FoundEvent } from '../adapters/recent-events.ts';
import { showRef } from '../audit/entry.ts';
import { type JsonObject, objectAt, stringAt } from '../wire/json.ts';
import type { History, HistoryRow, LastEvents } from './event-history.ts';
import type { Tone } from './render.ts';

interface Stage {
  readonly word: string;
  readonly tone: Tone;
}

const STAGES: Readonly<Record<string, Stage>> = {
  canary: { word: 'CANARY', tone: 'bad' },
  session_ended: { word: 'ended', tone: 'warn' },
  suspended: { word: 'suspend', tone: 'warn' },
  resumed: { word: 'resume', tone: 'good' },
  erased: { word: 'erase', tone: 'warn' },
  exported: { word: 'export', tone: 'plain' },
  processes_ended: { word: 'killed', tone: 'warn' },
  network: { word: 'network', tone: 'warn' },
  start_refused: { word: 'no start', tone: 'warn' },
};
/** An order is two records: that it was given, and that it was carried out. */
const RECORDS_A_ROW = 2;

export const TENANT_HISTORY: History = {
  rowOf(detail): HistoryRow {
    const stage = stringAt(detail, 'stage') ?? '?';
    const known = Object.hasOwn(STAGES, stage) ? STAGES[stage] : undefined;
    const order = /^(\w+)_asked$/.exec(stage)?.[1];
    const { word, tone } = known ?? { word: order ?? stage, tone: 'bad' };
    const isDone = order === undefined;
    return { word, tone, what: '', rest: `${isDone ? '' : 'not carried out; '}${describe(stage, detail)}` };
  },
  empty: 'nothing was done with it, and no canary was seen',
};

/** What was carried out has the reason of its order, which is then no event of its own; what is about a server names it. */
export function joinOrders(lastEvents: LastEvents): LastEvents {
  return (limit, since) => {
    const kept = new Map<string, FoundEvent>();
    for (const event of lastEvents(RECORDS_A_ROW * limit, since)) {
      const asked = stringAt(detailOf(event), 'asked') ?? '';
      const order = kept.get(asked);
      kept.delete(asked);
      kept.set(showRef(event.placed.ref), withMore(event, order));
    }
    return limit === 0 ? [] : [...kept.values()].slice(-limit);
  };
}

function withMore(event: FoundEvent, order: FoundEvent | undefined): FoundEvent {
  const { placed, fault } = event;
  const { header } = placed.record;
  const server = stringAt(header, 'server');
  const reason = order === undefined ? undefined : stringAt(detailOf(order), 'reason');
  const more = { ...(server === undefined ? {} : { server }), ...(reason === undefined ? {} : { reason }) };
  const detail = { ...detailOf(event), ...more };
  return {
    placed: { ...placed, record: { ...placed.record, header: { ...header, detail } } },
    fault: fault ?? order?.fault,
  };
}

function detailOf({ placed }: FoundEvent): JsonObject {
  return objectAt(placed.record.header, 'detail') ?? {};
}

function describe(stage: string, detail: JsonObject): string {
  const at = (key: string): string | undefined => stringAt(detail, key);
  const count = (key: string): string => (typeof detail[key] === 'number' ? String(detail[key]) : '?');
  const server = at('server');
  if (stage === 'session_ended') return 'a session, because it was suspended';
  if (stage === 'processes_ended')
    return `by ${at('actor') ?? '?'}, ${count('processes')} processes of user ${count('uid')}`;
  if (stage === 'start_refused') return `\`${server ?? '?'}\` was not started: ${at('why') ?? '?'}`;
  if (stage === 'network') return at('what') ?? '?';
  if (stage === 'canary') {
    const held = at('held');
    const parts = [
      `${at('canary') ?? '?'} of another tenant, in what ${at('where') ?? '?'}`,
      ...(held === undefined ? [] : [`held back: ${held}`]),
      ...(detail.ends === true ? ['the session ended'] : []),
    ];
    return parts.join('; ');
  }
  const numbers = ['segments', 'records', 'bytes'].flatMap((key) =>
    count(key) === '?' ? [] : [`${count(key)} ${key}`],
  );
  const sum = at('sha256');
  const facts = [`by ${at('actor') ?? '?'}`, ...numbers, ...(sum === undefined ? [] : [`sha256 ${sum}`])].join(', ');
  const reason = at('reason');
  return reason === undefined ? facts : `${facts}: ${reason}`;
}

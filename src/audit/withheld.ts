// That an answer came and whoever asked never got it, as an `answer_denied` event says of the record that it names. Pure; joins nothing.
import { objectAt, stringAt } from '../wire/json.ts';
import type { RecordRef } from './entry.ts';
import type { TrailRecord } from './record.ts';
import { readRef } from './segment-id.ts';

/** Why: words of the guard's own. attacker-controlled where somebody else wrote the file. */
export interface Withheld {
  readonly rule: string;
  readonly reason: string;
}

/** Undefined for every other record, and for one that names none: the answer to a request of which no record is known. */
export function readWithheld({ header }: TrailRecord): (Withheld & { readonly intent: RecordRef }) | undefined {
  if (header.type !== 'event' || header.name !== 'answer_denied') return undefined;
  const detail = objectAt(header, 'detail');
  const intent = readRef(stringAt(detail, 'record') ?? '');
  if (intent === undefined) return undefined;
  return { intent, rule: stringAt(detail, 'rule') ?? 'unknown', reason: stringAt(detail, 'reason') ?? 'unknown' };
}

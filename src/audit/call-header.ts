// Headers of intents and outcomes, written by template: their bytes are their RFC 8785 form. Knows no hash, no file.
import { canonicalText } from './canonical.ts';
import type { ChainLink } from './chain.ts';
import type { IntentEntry, OutcomeEntry } from './entry.ts';
import { cleanDetail, quoteText, showMillis, showNumber } from './header-text.ts';

/**
 * How a record keeps its payload. `line`: the JSON text itself; `text`: a JSON string of it, because it is no JSON;
 * `file`: outside, named by its commitment; `digest`: only the commitment; `off`: nothing.
 */
export type PayloadForm = 'line' | 'text' | 'file' | 'digest' | 'off';

/** INVARIANT: `digest` is there for every form but `off`. */
export interface Commitment {
  readonly form: PayloadForm;
  readonly digest: string | undefined;
}

type Quote = (value: string) => string;

const committed = (key: 'in' | 'out', c: Commitment | undefined) =>
  c?.digest === undefined ? '' : `"${key}":"${c.digest}",`;
const formed = (c: Commitment | undefined) => (c === undefined ? '' : `"p":"${c.form}",`);
const optional = (key: string, value: string | undefined, quote: Quote) =>
  value === undefined ? '' : `"${key}":${quote(value)},`;

function correlated(keys: Readonly<Record<string, string>> | undefined): string {
  return keys === undefined ? '' : `"correlation":${canonicalText(cleanDetail(keys)) ?? '{}'},`;
}

/** Keys in code-unit order; a test holds that order against canonicalText. */
export function intentHeader(e: IntentEntry, link: ChainLink, c: Commitment | undefined, quote: Quote): string {
  const id = typeof e.rpcId === 'number' ? showNumber(e.rpcId) : quoteText(e.rpcId);
  const model = e.model.id === null ? 'null' : quote(e.model.id);
  return (
    `{"asked":"${e.asked}","at":${showNumber(e.at.wallMs)},"bytes":${showNumber(e.bytes)},` +
    `${optional('client', e.client, quote)}${correlated(e.correlation)}"decision":"${e.decision}","id":${id},` +
    `${committed('in', c)}"method":${quote(e.method)},"model":${model},"modelSource":"${e.model.source}",` +
    `"mono":${showMillis(e.at.monoMs)},${formed(c)}"prev":"${link.prev}",${optional('reason', e.reason, quoteText)}` +
    `${optional('rule', e.rule, quote)}"seq":${link.seq},"server":${quote(e.server)},` +
    `${optional('subject', e.subject, quote)}"type":"intent"}`
  );
}

/** `intent` is `<segment>:<seq>`, or undefined where the intent itself could not be written. */
export function outcomeHeader(
  e: OutcomeEntry,
  intent: string | undefined,
  link: ChainLink,
  c: Commitment | undefined,
  quote: Quote,
): string {
  const code = e.errorCode === undefined ? 'null' : showNumber(e.errorCode);
  const failed = e.isError === undefined ? 'null' : String(e.isError);
  return (
    `{"at":${showNumber(e.at.wallMs)},"bytes":${showNumber(e.bytes)},"durationMs":${showMillis(e.durationMs)},` +
    `"errorCode":${code},"intent":${intent === undefined ? 'null' : `"${intent}"`},"isError":${failed},` +
    `"method":${quote(e.intent.method)},"mono":${showMillis(e.at.monoMs)},${committed('out', c)}${formed(c)}` +
    `"prev":"${link.prev}",${optional('resultType', e.resultType, quote)}"seq":${link.seq},` +
    `"server":${quote(e.intent.server)},"settlement":"${e.settlement}",${optional('subject', e.intent.subject, quote)}` +
    `${optional('taskId', e.taskId, quoteText)}"type":"outcome"}`
  );
}

// `mcp-guard token history`: who was let in and who was not, with the exact reason, and what was done with tokens; out of the audit trail.
// Knows no file.
import { type JsonObject, stringAt } from '../wire/json.ts';
import type { History } from './event-history.ts';
import type { Tone } from './render.ts';

const TONES: Readonly<Record<string, Tone>> = { refused: 'bad', ended: 'warn', failed: 'bad', accepted: 'good' };

export const TOKEN_HISTORY: History = {
  rowOf(detail) {
    const word = stringAt(detail, 'stage') ?? '?';
    // that it was done says no more than that it was asked for and did not fail
    if (word === 'done') return undefined;
    const what = stringAt(detail, 'why') ?? stringAt(detail, 'order') ?? '';
    return { word, tone: TONES[word] ?? 'plain', what, rest: describe(detail) };
  },
  empty: 'nobody was asked who they are, and no token was made',
};

function describe(detail: JsonObject): string {
  const at = (key: string): string | undefined => stringAt(detail, key) || undefined;
  const named = (key: string, value = at(key)): readonly string[] => (value === undefined ? [] : [`${key} ${value}`]);
  const [source, file] = [at('source'), at('file')];
  const facts = [
    ...[at('token'), at('principal')].filter((one) => one !== undefined),
    ...(source === undefined ? [] : [file === undefined ? source : `${source} ${file}`]),
    ...named('tenant'),
    ...named('roles'),
    ...named('servers'),
    ...named('until'),
    ...named('by', at('actor')),
  ];
  const [what, reason] = [at('what'), at('reason')];
  const text = [...(what === undefined ? [] : [what]), facts.join(', ')].filter((part) => part !== '').join('; ');
  return reason === undefined ? text : `${text}: ${reason}`;
}

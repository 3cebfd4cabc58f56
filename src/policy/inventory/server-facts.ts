// Who a server says it is, in the first answer that it gives, whichever era it speaks. attacker-controlled. Knows no list.
import { type JsonObject, objectAt, stringAt } from '../../wire/json.ts';
import type { ServerFacts } from './known-list.ts';

/** In UTF-16 units: what is longer is cut. */
const LONGEST_FACT = 256;

/** Undefined: it does not say both. 2026-07-28 puts them into `_meta`. */
export function readFacts(result: JsonObject): ServerFacts | undefined {
  const given =
    objectAt(result, 'serverInfo') ?? objectAt(objectAt(result, '_meta'), 'io.modelcontextprotocol/serverInfo');
  const [name, version] = [stringAt(given, 'name'), stringAt(given, 'version')];
  if (name === undefined || version === undefined) return undefined;
  return { name: name.slice(0, LONGEST_FACT), version: version.slice(0, LONGEST_FACT) };
}

// The lists that a server may have although its greeting says nothing of them: its session has taken them out, since its scope showed nothing
// of them then. Once another policy may, they are asked for in the running session. Knows no entry of a list.
import { type JsonObject, objectAt } from '../../wire/json.ts';
import { LIST_NAMES, type ListName } from '../interceptor.ts';
import type { Lane } from './lane.ts';
import { entriesOf } from './list-kinds.ts';
import type { GatewaySettings } from './settings.ts';

type Hides = GatewaySettings['hidesAll'];

/** @param greeting as its session let it through */
export function learnCapabilities(lane: Lane, greeting: JsonObject, hidesAll: Hides): void {
  lane.capabilities = objectAt(greeting, 'capabilities') ?? {};
  lane.withheld = LIST_NAMES.filter((list) => !lane.offers(list) && isHidden(lane, list, hidesAll));
}

/** By the policy of now. It may turn out to have no such list: then it says so. @returns those that it may offer from now on */
export function takeRegained(lane: Lane, hidesAll: Hides): readonly ListName[] {
  const regained = lane.withheld.filter((list) => !isHidden(lane, list, hidesAll));
  if (regained.length === 0) return regained;
  lane.withheld = lane.withheld.filter((list) => !regained.includes(list));
  lane.capabilities = { ...lane.capabilities, ...Object.fromEntries(regained.map((list) => [list, {}])) };
  return regained;
}

function isHidden({ id }: Lane, list: ListName, hidesAll: Hides): boolean {
  const { target } = entriesOf(list);
  return target !== undefined && hidesAll?.(id, target) === true;
}

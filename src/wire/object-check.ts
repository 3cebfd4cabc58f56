// Whether the keys and names in an object that policies read, and in all below it that they read, mean the same to every reader.
// Knows no object of the protocol: policed-objects.ts names them.
import { type Fault, findKeyFault, foldKey, isLender, refuseLender, showText } from './confusable.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import type { Below, Member, Shape } from './policed-objects.ts';
import { hasUnsafeUnit } from './request-id.ts';

/** The first thing in it that two readers may read differently. One look-up for each key. attacker-controlled: `object`. */
export function findObjectFault(object: JsonObject, shape: Shape): Fault | undefined {
  let hasStranger = false;
  for (const key in object) {
    const member = shape.members.get(key);
    if (member === undefined) hasStranger = true;
    else if (member !== 'opaque' && member !== 'judged') {
      const found = findMemberFault(key, object[key], member);
      if (found !== undefined) return found;
    }
  }
  return hasStranger ? findKeyFault(object, shape.known, shape.place) : undefined;
}

function findMemberFault(
  key: string,
  value: Json | undefined,
  member: Exclude<Member, 'opaque' | 'judged'>,
): Fault | undefined {
  if (member === 'text') return findTextFault(key, value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (member.holds === 'one' || Array.isArray(value)) return findBelow(value, member);
  // a table: its own keys are nobody's names, but one lends it entries
  for (const [name, entry] of Object.entries<Json | undefined>(value)) {
    if (isLender(foldKey(name))) return refuseLender(name, `\`${key}\``);
    const found = findBelow(entry, member);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A list where an object is meant stands for its elements: who reads it at all reads those. */
function findBelow(value: Json | undefined, member: Below): Fault | undefined {
  if (isJsonObject(value)) return findObjectFault(value, member.shape);
  if (!Array.isArray(value)) return undefined;
  for (const element of value) {
    const found = findBelow(element, member);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Names and URIs decide what is called: no unit in them may be read in two ways. */
function findTextFault(key: string, value: Json | undefined): Fault | undefined {
  if (typeof value === 'string') {
    if (!hasUnsafeUnit(value)) return undefined;
    return { kind: 'fault', code: 'unsafe_string', detail: `${key} \`${showText(value)}\` is not safe text` };
  }
  if (!Array.isArray(value)) return undefined;
  for (const element of value) {
    const found = findTextFault(key, element);
    if (found !== undefined) return found;
  }
  return undefined;
}

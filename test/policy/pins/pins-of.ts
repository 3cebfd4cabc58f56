// What was approved of a server, out of what it offers.
import { type Definition, readDefinition } from '../../../src/policy/pins/definition.ts';
import type { PinSet } from '../../../src/policy/pins/pin-set.ts';
import type { Json } from '../../../src/wire/json.ts';

export function pinSet(definitions: Iterable<Definition>, instructions: string | undefined): PinSet {
  return { tools: new Map([...definitions].map((one) => [one.name, one])), instructions };
}

/** @param tools entries of its `tools/list` */
export function pinsOf(tools: readonly Json[], instructions?: string): PinSet {
  return pinSet(
    tools.flatMap((tool) => readDefinition(tool) ?? []),
    instructions,
  );
}

// Which definitions a person has to read before an approval: those of tools that can be called once it is given. The others are pinned as
// well, and read when a grant comes to cover them. Pure; knows no screen.
// INVARIANT: whatever this cannot tell for sure counts as callable.
import { grantFor, viewScope } from '../policy/lock/scope-view.ts';
import type { PinSet } from '../policy/pins/pin-set.ts';
import { memberOf } from '../wire/json.ts';
import type { ApprovalPicture, ServerPicture } from './approval-picture.ts';

/** The part of `set` that can be called by what would be approved, and how many others there are. */
export function callableOf(
  { policy, diff }: Pick<ApprovalPicture, 'policy' | 'diff'>,
  server: string,
  set: PinSet,
): { readonly shown: PinSet; readonly others: number } {
  const isKept =
    memberOf(policy, 'tenants') === undefined &&
    memberOf(policy, 'roles') === undefined &&
    memberOf(memberOf(memberOf(policy, 'servers'), server), 'mode') !== 'observe' &&
    diff.scopes.some((one) => one.server === server);
  const view = viewScope(policy, server);
  const tools = [...set.tools].filter(([name]) => !isKept || grantFor(view, 'tool', name) !== undefined);
  return { shown: { ...set, tools: new Map(tools) }, others: set.tools.size - tools.length };
}

/** Of tools that become callable and are pinned already: perhaps nobody has read them, for no grant covered them. Undefined: none. */
export function newlyCallable(
  { diff }: Pick<ApprovalPicture, 'diff'>,
  { server, after, drift, newPins }: ServerPicture,
): PinSet | undefined {
  if (after === undefined || newPins !== undefined) return undefined;
  // what drifted is shown as that
  const told = new Set([...(drift?.added ?? []), ...(drift?.changed ?? []).map(({ tool }) => tool)]);
  const names = diff.scopes.flatMap((one) => (one.server === server ? one.newTools.map(({ tool }) => tool) : []));
  const tools = [...after.tools].filter(([name]) => names.includes(name) && !told.has(name));
  return tools.length === 0 ? undefined : { tools: new Map(tools), instructions: undefined };
}

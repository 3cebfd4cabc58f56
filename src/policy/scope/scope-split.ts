// What of a server's scope holds in any mode: `mode: observe` and a pause let pass what the scope and the lock deny, and never what a
// ceiling, a tenant's block or a role denies. Pure; decides no request.
import type { ServerScope } from './scope.ts';
import type { Layers } from './scope-layer.ts';

type Scoped = Exclude<ServerScope, 'unscoped'>;

/** Undefined: none. */
export function ceilingLayers({ layers }: Pick<Scoped, 'layers'>): Layers | undefined {
  const [first, ...rest] = layers.filter(({ role }) => role === 'ceiling');
  return first === undefined ? undefined : [first, ...rest];
}

/** All the others; undefined: none. */
export function ownLayers({ layers }: Pick<Scoped, 'layers'>): Layers | undefined {
  const [first, ...rest] = layers.filter(({ role }) => role !== 'ceiling');
  return first === undefined ? undefined : [first, ...rest];
}

/** The layers whose denials are carried out in this mode, without a pause; undefined: none. */
export function enforcedLayers(scope: ServerScope): Layers | undefined {
  if (scope === 'unscoped') return undefined;
  return scope.mode === 'enforce' ? scope.layers : ceilingLayers(scope);
}

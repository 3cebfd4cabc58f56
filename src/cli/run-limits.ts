// The limits of one run: one store and one set for all its servers, and the policies over them for each. Follows the policy in
// force. Loaded only where there is a config. Puts together, decides nothing.
import { openDeferredLimitStore } from '../adapters/limit-store-deferred.ts';
import { openFallbackLimitStore } from '../adapters/limit-store-fallback.ts';
import { openMemoryLimitStore } from '../adapters/limit-store-memory.ts';
import { openLimitStore } from '../adapters/open-limit-store.ts';
import { createSaltSource, sha256Digest } from '../adapters/sha256-digest.ts';
import { limitsInForce } from '../config/limits-in-force.ts';
import { type LimitStorePolicy, type LimitsPolicy, NO_LIMITS } from '../config/limits-policy.ts';
import type { Policy } from '../config/policy.ts';
import { placeOf } from '../config/restrict-policy.ts';
import type { ServerAt } from '../config/restriction.ts';
import type { ModelHints } from '../core/attribution.ts';
import type { SessionEvent } from '../core/events.ts';
import type { Interceptor } from '../core/interceptor.ts';
import { createBlastRadius } from '../policy/limits/blast-radius.ts';
import { LimitSet } from '../policy/limits/limit-set.ts';
import { createLimits } from '../policy/limits/limits.ts';
import { createLoopGuard } from '../policy/limits/loop-guard.ts';
import type { Clock } from '../ports/clock.ts';
import type { LimitStore } from '../ports/limit-store.ts';
import type { Log } from '../ports/log.ts';
import { createLimitsTurns, type LimitsTurns } from './limits-turns.ts';
import type { PolicyInForce } from './policy-in-force.ts';

export interface RunLimitsParts {
  readonly stateDir: string;
  readonly tenant: string;
  readonly principal: string;
  readonly model: ModelHints;
  readonly inForce: PolicyInForce;
  /** A server of the run that the config may not list; undefined: it lists all. */
  readonly bare: ServerAt | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** The session of one server. */
export interface LimitsLink {
  /** Runs an action as a turn of its own. */
  readonly between: (action: () => void) => void;
  readonly post: (event: SessionEvent) => void;
}

export interface RunLimits {
  /** Of one server, in their order. What is counted for a session is counted over all its servers. */
  chainOf(link: LimitsLink): readonly Interceptor[];
  /** For `status`. */
  word(): string;
  idle(): Promise<void>;
}

interface Standing {
  readonly policy: LimitsPolicy;
  readonly set: LimitSet;
  readonly store: LimitStore;
}

const LEASE_HEX = 24;
const ANY = Number.POSITIVE_INFINITY;

export function openRunLimits(parts: RunLimitsParts): RunLimits {
  const { tenant, principal, inForce, model } = parts;
  const links: LimitsLink[] = [];
  const random = createSaltSource();
  const stores = new Map<string, LimitStore>();

  const post = (event: SessionEvent): void => {
    const [link] = links;
    link?.between(() => link.post(event));
  };
  const storeFor = (policy: LimitStorePolicy): LimitStore => {
    const name = JSON.stringify(policy);
    const known = stores.get(name);
    if (known !== undefined) return known;
    const store = openStore(
      parts,
      policy,
      createLimitsTurns({ log: parts.log, onStoreError: policy.onStoreError, post }),
    );
    stores.set(name, store);
    return store;
  };
  const standingOf = (policy: Policy | undefined): Standing => {
    const servers = [...(policy?.servers.values() ?? [])].map(placeOf);
    const bare = parts.bare !== undefined && policy?.servers.has(parts.bare.id) !== true ? [parts.bare] : [];
    const limits = policy === undefined ? [] : limitsInForce(policy, [...servers, ...bare]);
    const block = policy?.limits ?? NO_LIMITS;
    return { policy: block, set: new LimitSet(limits, sha256Digest.text), store: storeFor(block.store) };
  };

  let standing = standingOf(inForce.held.policy);
  inForce.follow({
    prepare(next) {
      const prepared = standingOf(next.policy);
      return {
        notes: [],
        commit() {
          standing = prepared;
        },
      };
    },
  });
  const loopGuard = createLoopGuard({ repeats: () => standing.policy.repeats ?? ANY, digest: sha256Digest.text });
  const blastRadius = createBlastRadius(() => standing.policy.blastRadius ?? { tools: ANY, calls: ANY });

  return {
    chainOf(link) {
      links.push(link);
      const limits = createLimits({
        ...{ who: { tenant, principal }, model, set: () => standing.set, store: () => standing.store },
        lease: () => random().slice(0, LEASE_HEX),
        resume: (request, outcome) => link.between(() => link.post({ type: 'wait_over', request, outcome })),
      });
      return [loopGuard, blastRadius, limits];
    },
    word: () => (standing.set.isEmpty ? '-' : 'on'),
    async idle() {
      await Promise.all([...stores.values()].map((store) => store.idle()));
    },
  };
}

/** Opened when it is first asked. */
function openStore(
  { stateDir, tenant, clock }: RunLimitsParts,
  { kind, url, onStoreError }: LimitStorePolicy,
  { turn, full, lost, say }: LimitsTurns,
): LimitStore {
  const open = () => openLimitStore({ kind, url, stateDir, tenant, clock, say, lost });
  return openFallbackLimitStore({
    store: kind === 'memory' ? openMemoryLimitStore() : openDeferredLimitStore(open),
    local: kind !== 'memory' && onStoreError === 'local' ? openMemoryLimitStore() : undefined,
    onTurn: turn,
    onFull: full,
  });
}

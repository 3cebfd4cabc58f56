// From the `limits` of a config, at whatever level, to frozen limits with their defaults. Pure; what does not fit together has been
// said by check-limits.ts. The same function for the top level, servers, tools, tenants and roles.
import { DIMENSIONS, type Limit, type LimitPlace } from '../policy/limits/limit.ts';
import { type Rate, readRate } from '../policy/limits/rate.ts';
import { showPath } from './json-path.ts';
import { LIMIT_STORE_DEFAULTS, type LimitsPolicy } from './limits-policy.ts';
import type { JsonPath } from './read-shape.ts';
import type { LimitDocument } from './restriction.ts';
import type { ConfigDocument, ServerDocument } from './schema.ts';

/** @param rule its path in the config, for texts and records @param place undefined: the top level, or a whole tenant or role */
export function readLimit(
  written: LimitDocument,
  rule: string,
  place: LimitPlace | undefined,
  voice: string | undefined,
): Limit {
  const rate = written.rate === undefined ? undefined : rateOf(written.rate);
  const { in: bytesIn, out: bytesOut } = written.bytes ?? {};
  return {
    rule,
    place,
    voice,
    key: DIMENSIONS.filter((dimension) => written.key.includes(dimension)),
    match: withoutAbsent(written.match),
    cost: written.cost ?? {},
    // "60/min" means what it says: sixty may come at once, then one a second.
    rate: rate === undefined ? undefined : { ...rate, burst: written.burst ?? rate.units },
    bytesIn: bytesIn === undefined ? undefined : rateOf(bytesIn),
    bytesOut: bytesOut === undefined ? undefined : rateOf(bytesOut),
    budget: written.budget,
    concurrency: written.concurrency,
  };
}

function readLimits(
  written: readonly LimitDocument[] | undefined,
  path: JsonPath,
  place: LimitPlace | undefined,
  voice?: string,
): readonly Limit[] {
  return (written ?? []).map((one, index) => readLimit(one, showPath([...path, index]), place, voice));
}

/** Those of a server and of its tools. @param path of the server's entry */
export function readServerLimits(id: string, server: ServerDocument, path: JsonPath, voice?: string): readonly Limit[] {
  const tools = Object.entries(server.tools ?? {});
  const others = tools.map(([pattern]) => pattern);
  return [
    ...readLimits(server.limits, [...path, 'limits'], { server: id, tool: undefined }, voice),
    ...tools.flatMap(([pattern, tool]) =>
      readLimits(tool.limits, [...path, 'tools', pattern, 'limits'], { server: id, tool: { pattern, others } }, voice),
    ),
  ];
}

export function compileLimits(config: ConfigDocument): LimitsPolicy {
  const { limitStore, loopGuard, blastRadius } = config;
  const servers = Object.entries(config.servers ?? {});
  return {
    limits: [
      ...readLimits(config.limits, ['limits'], undefined),
      ...servers.flatMap(([id, server]) => readServerLimits(id, server, ['servers', id])),
    ],
    store: {
      kind: limitStore?.kind ?? LIMIT_STORE_DEFAULTS.kind,
      url: limitStore?.url,
      onStoreError: limitStore?.onStoreError ?? LIMIT_STORE_DEFAULTS.onStoreError,
    },
    repeats: loopGuard?.repeats,
    blastRadius:
      blastRadius === undefined
        ? undefined
        : {
            tools: blastRadius.tools ?? Number.POSITIVE_INFINITY,
            calls: blastRadius.calls ?? Number.POSITIVE_INFINITY,
          },
  };
}

function rateOf(text: string): Rate {
  const rate = readRate(text);
  // INVARIANT: the schema has read it
  if (rate === undefined) throw new Error(`\`${text}\` is no rate`);
  return rate;
}

function withoutAbsent(match: LimitDocument['match']): Limit['match'] {
  return Object.fromEntries(Object.entries(match ?? {}).filter(([, pattern]) => pattern !== undefined));
}

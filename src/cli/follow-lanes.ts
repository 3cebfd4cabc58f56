// Which servers stand behind a gateway when another policy takes over: those that came are opened, those that left are asked no more, and
// prefixes and start rules are as the config says now. Opens nothing that nobody has approved, and nothing that this session cannot vouch for.
import type { Secret } from '../audit/redact/masker.ts';
import type { ServerPolicy } from '../config/policy.ts';
import type { GatewayEvent, LaneId } from '../core/gateway/events.ts';
import type { LaneSettings } from '../core/gateway/settings.ts';
import { GuardError } from '../guard-error.ts';
import { serversOf } from './gateway-servers.ts';
import type { HeldPolicy } from './open-policy.ts';
import type { PolicyFollower } from './policy-in-force.ts';
import { byStrength, type PreparedLane } from './prepare-lane.ts';
import type { PreparedServer } from './prepare-server.ts';
import type { ServerLane } from './run-lane.ts';

export interface FollowLanesParts {
  /** `--servers`; undefined: every server of the config. */
  readonly asked: string | undefined;
  readonly prepare: (entry: ServerPolicy, held: HeldPolicy) => Promise<PreparedLane>;
  readonly settingsOf: (entry: ServerPolicy, held: HeldPolicy) => LaneSettings;
  /** As the gateway has them now. */
  readonly settings: readonly LaneSettings[];
  /** Those that were ever opened. Written here. */
  readonly lanes: Map<LaneId, ServerLane>;
  readonly open: (server: NonNullable<PreparedLane['server']>) => ServerLane;
  /** Of this session: what the masker knows. */
  readonly secrets: readonly Secret[];
  /** What the trail says of all servers of the session. */
  readonly isolation: PreparedServer['isolation'];
  /** Whether the identity of the session may use it. */
  readonly mayUse: (server: LaneId) => boolean;
  readonly tell: (event: Extract<GatewayEvent, { type: 'lanes_are' }>) => void;
  /** It is one of the gateway's from now on, whether it ever runs or not: for `status`. */
  readonly list: (server: LaneId) => void;
}

interface Coming {
  readonly settings: LaneSettings;
  /** To be opened; undefined: it is there already, or is not started. */
  readonly server: PreparedLane['server'];
  readonly notes: readonly string[];
}

/** To be the last follower: those of the single servers close what has left, and say by what each is started. */
export function followLanes(parts: FollowLanesParts): PolicyFollower {
  const { lanes } = parts;
  const known = new Set(parts.secrets.map(({ value }) => value));
  let current = parts.settings;
  const come = async (entry: ServerPolicy, held: HeldPolicy): Promise<Coming> => {
    // its own policies see to what it is started with
    if (lanes.has(entry.id)) return { settings: parts.settingsOf(entry, held), server: undefined, notes: [] };
    const { settings, server, secrets, isolation, notes } = await parts.prepare(entry, held);
    if (server === undefined) return { settings, server, notes: [] };
    // INVARIANT: the masker of this session knows every secret that a server of it is given, and its trail claims no more than holds
    const unknown = secrets.filter(({ value }) => !known.has(value)).map(({ name }) => `\`${name}\``);
    const isWeaker = byStrength(isolation ?? 'none', parts.isolation) < 0;
    if (unknown.length === 0 && !isWeaker) return { settings, server, notes };
    const what = [
      ...(unknown.length === 0
        ? []
        : [`a secret that this session does not know and so cannot mask (${[...new Set(unknown)].join(', ')})`]),
      ...(isWeaker
        ? [
            `the isolation \`${isolation ?? 'none'}\`, which is less than the record of this session says (\`${parts.isolation}\`)`,
          ]
        : []),
    ];
    const why = `\`${entry.id}\` would get ${what.join(' and ')}`;
    return { settings: { ...settings, refusal: refuse(why) }, server: undefined, notes: [] };
  };
  const open = ({ settings, server }: Coming): LaneSettings => {
    if (server === undefined) return settings;
    try {
      lanes.set(settings.lane, parts.open(server));
      return settings;
    } catch (error) {
      // INVARIANT: a commit does not throw; what cannot be opened is not asked
      return { ...settings, refusal: refuse(`\`${settings.lane}\` cannot be opened: ${String(error)}`) };
    }
  };
  return {
    standing: () => current.flatMap((settings) => (lanes.has(settings.lane) ? [] : leftOut(settings))),
    async prepare(next) {
      const entries = serversOf(next.policy, parts.asked).filter(({ id }) => parts.mayUse(id));
      const coming = (await Promise.all(entries.map((entry) => come(entry, next)))).map((one) => asItIs(one, current));
      requireOnePrefixEach(coming);
      const before = new Map([...lanes].map(([id, lane]) => [id, lane.command()]));
      return {
        notes: coming.flatMap((one) => [...(isKnown(one) ? [] : describe(one, current)), ...one.notes]),
        commit() {
          current = coming.map(open);
          const renewed = new Set(
            [...lanes].flatMap(([id, lane]) => (before.get(id) === lane.command() || !before.has(id) ? [] : [id])),
          );
          parts.tell({ type: 'lanes_are', lanes: current, renewed });
          for (const { lane } of current) parts.list(lane);
        },
      };
    },
  };

  /** What is wrong with its entry its own policies say. */
  function isKnown({ settings: { lane } }: Coming): boolean {
    return lanes.has(lane) && current.some((one) => one.lane === lane);
  }

  /**
   * One that runs and whose new entry nobody has approved keeps its place: its own policies refuse its calls, and say why.
   * INVARIANT: one that does not run is not started by what it was before.
   */
  function asItIs(one: Coming, before: readonly LaneSettings[]): Coming {
    const { lane, refusal } = one.settings;
    const old = before.find((settings) => settings.lane === lane);
    if (refusal === undefined || !lanes.has(lane)) return one;
    return { ...one, settings: { ...(old ?? one.settings), refusal } };
  }
}

function refuse(why: string): LaneSettings['refusal'] {
  return {
    reason: 'server_unstartable',
    rule: undefined,
    text: `${why}: start the guard anew`,
    retryAfterMs: undefined,
  };
}

/** @throws GuardError: the old policy stays */
function requireOnePrefixEach(coming: readonly Coming[]): void {
  const owners = new Map<string, LaneId>();
  for (const { settings } of coming) {
    const owner = owners.get(settings.prefix);
    if (owner !== undefined) {
      throw new GuardError('config_invalid', `\`${owner}\` and \`${settings.lane}\` would have one prefix`, {
        hint: 'approve what has changed, or start the guard anew',
      });
    }
    owners.set(settings.prefix, settings.lane);
  }
}

function leftOut({ lane, refusal }: LaneSettings): readonly string[] {
  return refusal === undefined ? [] : [`\`${lane}\` is left out: ${refusal.text}`];
}

function describe({ settings }: Coming, before: readonly LaneSettings[]): readonly string[] {
  const { lane, refusal, start } = settings;
  const old = before.find((one) => one.lane === lane);
  if (refusal !== undefined) return old?.refusal?.text === refusal.text ? [] : leftOut(settings);
  if (old !== undefined && old.refusal === undefined) return [];
  return [
    `\`${lane}\` is behind this gateway from now on${start === 'eager' ? '' : ', and started when it is needed'}`,
  ];
}

// Which settings hold for a tool, or for a server as a whole: the patterns of a config, asked by name, remembered within bounds.
// Knows no file and no state of any breaker.
import { type BreakerSettings, SERVER_DEFAULTS, TOOL_DEFAULTS } from '../policy/breaker/breaker-settings.ts';
import type { BulkheadParts } from '../policy/bulkhead/bulkhead.ts';
import {
  DEFAULT_MAX_WAIT_MS,
  DEFAULT_SERVER_IN_FLIGHT,
  type ServerBulkhead,
  type ToolBulkhead,
} from '../policy/bulkhead/bulkhead-settings.ts';
import { fillSettings } from './compile-breaker.ts';
import { NameMemory } from './name-memory.ts';
import type { Policy, WrittenBreaker } from './policy.ts';
import { readRestrictions, restrictSettings } from './restrict-breaker.ts';
import type { AppliedRestriction } from './restriction.ts';
import { pickStricter } from './stricter-breaker.ts';
import { rulesOf, toolRule } from './tool-rules.ts';

export interface BreakerLookup {
  /** `tool` undefined: of the server itself. The same object for the same settings, as long as it is remembered. */
  settingsOf(server: string, tool: string | undefined): BreakerSettings;
  readonly bulkhead: BulkheadParts;
  /** Whether any tool of the server may have to leave `tools/list`. */
  mayHide(server: string): boolean;
  /** Whether any breaker of the server may be shared with the machines of a fleet. */
  mayShare(server: string): boolean;
}

interface OfTool {
  readonly settings: BreakerSettings;
  readonly bulkhead: ToolBulkhead;
}

interface OfServer {
  readonly settings: BreakerSettings;
  readonly bulkhead: ServerBulkhead;
  readonly mayHide: boolean;
  readonly mayShare: boolean;
  ofTool(tool: string): OfTool;
}

type BreakerSource = Pick<Policy, 'breaker' | 'servers' | 'restrictionsOf'>;

const REMEMBERED = { most: 1_024, longest: 256 };

/** @param policy undefined: a bare run, where the defaults hold. A server that it does not list has its top level. */
export function createBreakerLookup(policy: BreakerSource | undefined): BreakerLookup {
  const servers = new Map<string, OfServer>();
  const serverOf = (name: string): OfServer => {
    let server = servers.get(name);
    if (server === undefined) {
      server = buildServer(policy, name);
      servers.set(name, server);
    }
    return server;
  };
  return {
    settingsOf(server, tool) {
      return tool === undefined ? serverOf(server).settings : serverOf(server).ofTool(tool).settings;
    },
    bulkhead: {
      serverSettings: (server) => serverOf(server).bulkhead,
      toolSettings: (server, tool) => serverOf(server).ofTool(tool).bulkhead,
    },
    mayHide: (server) => serverOf(server).mayHide,
    mayShare: (server) => serverOf(server).mayShare,
  };
}

function buildServer(policy: BreakerSource | undefined, name: string): OfServer {
  const entry = policy?.servers.get(name);
  const { tools: inherited, server } = entry?.breaker ?? policy?.breaker ?? { tools: {}, server: {} };
  const patterns = (entry?.tools ?? []).map(({ pattern, breaker = {} }) => toolRule(pattern, breaker));
  const applied =
    entry?.restrictedBy ?? policy?.restrictionsOf?.({ id: name, cwd: undefined, home: undefined, args: [] });
  const restrictions = readRestrictions(applied ?? []);
  const { settings, maxInFlight: most = Number.POSITIVE_INFINITY } = restrictSettings(
    fillSettings(SERVER_DEFAULTS, server),
    restrictions.map((one) => one.server),
  );
  // As many answers as there are combinations of patterns that meet in a name, not as many as there are names.
  const byRule = new NameMemory<OfTool>(REMEMBERED);
  const byName = new NameMemory<OfTool>(REMEMBERED);

  const find = (tool: string): OfTool => {
    const own = rulesOf(patterns, tool);
    const further = restrictions.map((one) => one.ofTool(tool));
    const key = [own.key, ...further.map((one) => one.key)];
    return byRule.ask(key.join(';'), () =>
      buildTool(
        { ...inherited, ...pickStricter(own.settings) },
        further.map(({ written }) => written),
      ),
    );
  };

  const all = [inherited, ...patterns.map(({ setting }) => setting), ...toolBlocksOf(applied ?? [])];
  return {
    settings,
    bulkhead: { maxInFlight: Math.min(server.maxInFlight ?? unwritten(settings, DEFAULT_SERVER_IN_FLIGHT), most) },
    mayHide: all.some(({ hide }) => hide === true),
    mayShare: [settings, ...all].some(({ share }) => share === 'fleet'),
    ofTool: (tool) => byName.ask(tool, find),
  };
}

function toolBlocksOf(applied: readonly AppliedRestriction[]): readonly WrittenBreaker[] {
  return applied.flatMap(({ breaker, tools = [] }) => [
    breaker?.tools ?? {},
    ...tools.map((tool) => tool.breaker ?? {}),
  ]);
}

function buildTool(written: WrittenBreaker, further: readonly WrittenBreaker[]): OfTool {
  const {
    settings,
    maxInFlight: ceiling,
    maxWaitMs: longest = Number.POSITIVE_INFINITY,
  } = restrictSettings(fillSettings(TOOL_DEFAULTS, written), further);
  const { maxInFlight = unwritten(settings, undefined), maxWaitMs = DEFAULT_MAX_WAIT_MS } = written;
  const bulkhead = { maxInFlight, maxWaitMs: Math.min(maxWaitMs, longest) };
  return { settings, bulkhead: ceiling === undefined ? bulkhead : { ...bulkhead, ceiling } };
}

/** A cap that a person wrote holds in every mode; that of the defaults goes with the breaker. */
function unwritten<T>({ mode }: BreakerSettings, cap: T): T | number {
  return mode === 'enforce' ? cap : Number.POSITIVE_INFINITY;
}

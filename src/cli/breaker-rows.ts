// A board as rows for a person: one for the server, one for each tool, with what their breaker knows. Pure; knows no layout.
import { leaseLeftMs, openForMs } from '../policy/breaker/admission.ts';
import type { Board } from '../policy/breaker/board.ts';
import type { BreakerSettings } from '../policy/breaker/breaker-settings.ts';
import type { BreakerState, Evidence } from '../policy/breaker/breaker-state.ts';
import { elapsedMs } from '../policy/breaker/moment.ts';
import type { Moment } from '../ports/breaker-store.ts';

/** What was counted; of an open one, what it opened on. */
export interface Counts {
  readonly samples: number;
  readonly faults: number;
  readonly toolErrors: number;
  readonly slow: number;
}

export interface BreakerRow {
  readonly server: string;
  /** Undefined: the server itself. attacker-controlled. */
  readonly tool: string | undefined;
  readonly state: BreakerState['kind'];
  /** `observe` and `off` refuse nothing, but for an isolation. */
  readonly mode: BreakerSettings['mode'];
  /** With whom its openings are shared. */
  readonly share: BreakerSettings['share'];
  readonly epoch: number;
  /** How often in a row it has opened. */
  readonly round: number;
  /** Undefined where it did not open by counting. */
  readonly counts: Counts | undefined;
  /** Since when it is out, or closed again; undefined where it never was out. `forMs` Infinity where the clocks do not tell. */
  readonly since: { readonly wallMs: number; readonly forMs: number } | undefined;
  /** What it first opened on, or who isolated it. */
  readonly why: Evidence | undefined;
  /** What is left of the cool-down; undefined where none runs. */
  readonly leftMs: number | undefined;
  /** Of a half-open one. */
  readonly probes: ProbeView | undefined;
}

export interface ProbeView {
  readonly successes: number;
  readonly needed: number;
  readonly lapses: number;
  /** Undefined: the next call may take it. */
  readonly lease: { readonly holder: string; readonly leftMs: number } | undefined;
}

export type SettingsOf = (server: string, tool: string | undefined) => BreakerSettings;

/** The worst first. */
const RANK: Readonly<Record<BreakerState['kind'], number>> = { open: 0, half_open: 1, isolated: 2, closed: 3 };

/** The rows of one server: its own, then its tools, the bad ones first. */
export function listRows(server: string, board: Board, now: Moment, settingsOf: SettingsOf): readonly BreakerRow[] {
  const row = (tool: string | undefined, state: BreakerState) =>
    readRow({ server, tool }, state, now, settingsOf(server, tool));
  const tools = board.tools.map(({ tool, state }) => row(tool, state)).sort(compareRows);
  return [row(undefined, board.server), ...tools];
}

/** Servers in the order of the worst that each of them holds. */
export function sortServers(servers: readonly (readonly BreakerRow[])[]): readonly (readonly BreakerRow[])[] {
  const worst = (rows: readonly BreakerRow[]) => rows.toSorted(compareRows)[0];
  return servers.toSorted((a, b) => {
    const [first, second] = [worst(a), worst(b)];
    return first === undefined || second === undefined ? 0 : compareRows(first, second);
  });
}

/** By state, then by the share of failures, then by name. */
function compareRows(a: BreakerRow, b: BreakerRow): number {
  const byState = RANK[a.state] - RANK[b.state];
  if (byState !== 0) return byState;
  const byShare = shareOf(b.counts) - shareOf(a.counts);
  return byShare === 0 ? compareText(a.tool ?? a.server, b.tool ?? b.server) : byShare;
}

/** By code unit: the same order everywhere. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Calls that went wrong, of either kind, in [0, 1]. */
export function shareOf(counts: Counts | undefined): number {
  return counts === undefined || counts.samples === 0 ? 0 : badOf(counts) / counts.samples;
}

/** A call of too slow a tool is bad only where nothing else is wrong with any. */
export function badOf({ faults, toolErrors, slow }: Counts): number {
  return faults + toolErrors > 0 ? faults + toolErrors : slow;
}

function readRow(
  key: { readonly server: string; readonly tool: string | undefined },
  state: BreakerState,
  now: Moment,
  settings: BreakerSettings,
): BreakerRow {
  const { kind, epoch } = state;
  const since = (at: Moment) => ({ wallMs: at.wallMs, forMs: elapsedMs(at, now) });
  const { mode, share } = settings;
  const common = {
    ...key,
    state: kind,
    mode,
    share,
    epoch,
    round: 0,
    counts: undefined,
    leftMs: undefined,
    probes: undefined,
  };
  if (state.kind === 'isolated') {
    const { actor, reason } = state;
    return { ...common, since: since(state.at), why: { kind: 'person', actor, reason } };
  }
  const { round } = state;
  if (state.kind === 'closed') {
    const closedAt = state.since === null ? undefined : since(state.since);
    return { ...common, round, counts: countWindow(state.window, now, settings), since: closedAt, why: undefined };
  }
  const { why } = state;
  const counts = why.kind === 'samples' ? why : undefined;
  const failing = { ...common, round, counts, since: since(state.since), why };
  if (state.kind === 'open') return { ...failing, leftMs: openForMs(state, now, settings) };
  const { lease, successes, lapses } = state;
  const leftMs = leaseLeftMs(state, now);
  const held = lease === null || leftMs === 0 ? undefined : { holder: lease.holder, leftMs };
  return { ...failing, probes: { successes, needed: settings.successesToClose, lapses, lease: held } };
}

/** As the rules count: the newest, and none that is too old. */
function countWindow(
  window: Extract<BreakerState, { kind: 'closed' }>['window'],
  now: Moment,
  settings: BreakerSettings,
): Counts {
  const kept = window.slice(-settings.samples).filter(({ at }) => elapsedMs(at, now) <= settings.maxAgeMs);
  const count = (sample: string) => kept.filter((one) => one.sample === sample).length;
  return {
    samples: kept.length,
    faults: count('fault'),
    toolErrors: count('tool_error'),
    slow: kept.filter(({ slow }) => slow).length,
  };
}

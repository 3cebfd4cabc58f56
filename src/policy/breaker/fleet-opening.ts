// What the fleet says of one breaker, and how an untyped row becomes that: every field checked and bounded. Pure; knows no store.
// TRUST: whoever can write to the store of the fleet can say anything here. It switches a tool off for a while, as an order would; it
// ends only what came from there (fleet-merge.ts).
import type { Moment } from '../../ports/breaker-store.ts';
import { isCount } from '../../wire/number-kinds.ts';
import { LONGEST_TOOL } from './board.ts';
import type { Cause, Evidence, SampleCounts } from './breaker-state.ts';

export type FleetEvidence = Extract<Evidence, { kind: 'fleet' }>;

/** What a machine of the fleet has found, until it closes again: one name all that time, however often it opens again. */
export interface FleetOpening {
  readonly id: string;
  readonly step: number;
  readonly cause: Cause;
  readonly round: number;
  readonly evidence: FleetEvidence;
  /** What was left of it at the `at` of the view; 0: it is over, and nobody has said yet that the tool works again. */
  readonly leftMs: number;
}

export interface FleetBreaker {
  /** Undefined: the server itself. attacker-controlled. */
  readonly tool: string | undefined;
  readonly opening: FleetOpening | undefined;
  /** Openings that are no longer believed: the machine that found it has closed, or another one's probes have passed. */
  readonly ended: readonly string[];
  /** Who ended the last of them. attacker-controlled. */
  readonly endedBy: string;
}

/** All that the fleet says of one server. */
export interface FleetView {
  readonly at: Moment;
  readonly breakers: readonly FleetBreaker[];
}

export const NO_FLEET_BREAKERS: readonly FleetBreaker[] = [];

/** As an opening is told: one line of JSON. */
export interface FleetNote extends Omit<SampleCounts, 'lastExit'> {
  readonly machine: string;
  readonly cause: Cause;
  readonly round: number;
}

export interface FleetRow {
  /** `s`: the server; else `t` and the tool's name. */
  readonly breaker: string;
  /** Empty: no opening. */
  readonly id: string;
  readonly step: number;
  readonly leftMs: number;
  readonly note: string;
  readonly ended: readonly string[];
  readonly endedBy: string;
}

const LONGEST_ID = 64;
const LONGEST_MACHINE = 64;
const LONGEST_NOTE = 1_024;
const MOST_ENDED = 16;
const MOST_ROUND = 1_000;
const CAUSES: readonly string[] = ['faults', 'tool_errors', 'slow', 'tools', 'person'] satisfies readonly Cause[];

export function nameBreaker(tool: string | undefined): string {
  return tool === undefined ? 's' : `t${tool}`;
}

/** Undefined where it is no row of ours: then it says nothing. attacker-controlled: `row`. */
export function readFleetRow(row: FleetRow): FleetBreaker | undefined {
  const { breaker, id, ended, endedBy } = row;
  if (breaker !== 's' && (!breaker.startsWith('t') || breaker.length > LONGEST_TOOL + 1)) return undefined;
  if (ended.length > MOST_ENDED || ended.some((one) => one.length > LONGEST_ID)) return undefined;
  const opening = id === '' ? undefined : readOpening(row);
  if (id !== '' && opening === undefined) return undefined;
  const tool = breaker === 's' ? undefined : breaker.slice(1);
  return { tool, opening, ended, endedBy: endedBy.slice(0, LONGEST_MACHINE) };
}

function readOpening({ id, step, leftMs, note }: FleetRow): FleetOpening | undefined {
  if (id.length > LONGEST_ID || !isCount(step) || !Number.isFinite(leftMs) || leftMs < 0) return undefined;
  const fields = readNote(note);
  if (fields === undefined) return undefined;
  const { machine, cause, round, ...counts } = fields;
  return { id, step, cause, round, evidence: { kind: 'fleet', machine, ...counts }, leftMs };
}

function readNote(note: string): FleetNote | undefined {
  if (note.length > LONGEST_NOTE) return undefined;
  const value = parse(note);
  if (typeof value !== 'object' || value === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(value));
  const { machine, cause, round, samples, faults, toolErrors, slow, row, exits } = fields;
  if (typeof machine !== 'string' || machine.length > LONGEST_MACHINE || !isCause(cause)) return undefined;
  if (!isCount(round) || !isCount(samples) || !isCount(faults) || !isCount(toolErrors)) return undefined;
  if (!isCount(slow) || !isCount(row)) return undefined;
  const counts = { samples, faults, toolErrors, slow, row, ...(isCount(exits) ? { exits } : {}) };
  return { machine, cause, round: Math.min(round, MOST_ROUND), ...counts };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCause(value: unknown): value is Cause {
  return typeof value === 'string' && CAUSES.includes(value);
}

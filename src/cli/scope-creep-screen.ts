// The surface of one server over time as a plot of characters, with its changes in words; and as JSON. Readable without colour.
// Names, reasons and whatever else stands in a record are attacker-controlled and shown inert.
import type { ConfigTurn, RecordedChange } from '../adapters/scope-changes.ts';
import type { SurfacePoint } from '../policy/creep/surface-series.ts';
import { countOf } from '../policy/lint/finding.ts';
import { stringifyInert } from './call-json.ts';
import { showDay } from './call-line.ts';
import { makeInert } from './inert-text.ts';
import type { Paint } from './render.ts';
import { showExpiry } from './scope-words.ts';
import { cutMiddle, fitText, wrapWords } from './text-width.ts';

export interface CreepView {
  readonly server: string;
  readonly tenant: string;
  readonly days: number;
  readonly fromMs: number;
  readonly nowMs: number;
  readonly points: readonly SurfacePoint[];
  readonly standing: 'scoped' | 'unscoped' | 'observe' | 'refused';
  /** Tools that can be called now. */
  readonly granted: number;
  /** Undefined: not known. */
  readonly offered: number | undefined;
  /** Of those that can be called: that ever were. */
  readonly used: number;
  /** Granted, and kept out of use by pins. */
  readonly keptOut: number;
  readonly sinceMs: number | undefined;
  /** In the time that is shown, oldest first. */
  readonly changes: readonly RecordedChange[];
  /** Changes before that. */
  readonly older: number;
  readonly turns: readonly ConfigTurn[];
  /** What the last recorded change left. */
  readonly last: number | undefined;
  readonly hasMore: boolean;
}

export interface PlotMarks {
  readonly used: string;
  readonly granted: string;
  readonly unknown: string;
}

export const PLOT_BLOCKS: PlotMarks = { used: '█', granted: '░', unknown: '?' };
export const PLOT_ASCII: PlotMarks = { used: '#', granted: '.', unknown: '?' };
/** Fits 80 columns with the scale. */
export const PLOT_COLUMNS = 64;

const ROWS = 8;
const SCALE = 6;
const LONGEST_NAME = 63;
const MOST_LINES = 40;
const LONGEST_REASON = 300;

export function formatCreep(view: CreepView, columns: number, paint: Paint, marks: PlotMarks): string {
  const name = cutMiddle(makeInert(view.server), LONGEST_NAME);
  const wrap = (text: string, indent = ''): readonly string[] =>
    wrapWords(text, columns - indent.length).map((line) => indent + line);
  return [
    paint('strong', name),
    ...wrap(summary(view), '  '),
    ...(view.points.some(({ granted = 0 }) => granted > 0) ? drawPlot(view, columns, marks) : []),
    '',
    ...changeLines(view).flatMap((line) => wrap(line, '  ')),
    ...notes(view).flatMap((note) => wrap(`note: ${note}`, '  ')),
    '',
  ].join('\n');
}

/** One line of ASCII; keys stand in docs/scopes.md. What is not known is null. */
export function formatCreepJson(view: CreepView): string {
  const { server, tenant, days, standing, granted, offered, used, sinceMs, changes, turns, points, hasMore } = view;
  const time = (ms: number): string => new Date(ms).toISOString();
  return stringifyInert({
    ...{ server, tenant, days, standing, granted, keptOut: view.keptOut, offered: offered ?? null, used },
    share: granted === 0 ? null : used / granted,
    since: sinceMs === undefined ? null : time(sinceMs),
    changes: changes.map(({ atMs, before, after, gained, lost, who, why, until, record }) => ({
      ...{ at: time(atMs), before: before ?? null, after: after ?? null, gained, lost, who, why, until, record },
    })),
    configs: turns.map(({ atMs, digest, record }) => ({ at: time(atMs), digest, record })),
    points: points.map((point) => ({
      at: time(point.atMs),
      granted: point.granted ?? null,
      used: point.used ?? null,
    })),
    hasMore,
  });
}

function summary({ standing, granted, offered, used, sinceMs }: CreepView): string {
  const of = offered === undefined ? '' : ` of ${offered} offered`;
  const tools = `${countOf(granted, 'tool')}${of}`;
  const share = granted === 0 ? '' : ` (${Math.round((used / granted) * 100)} %)`;
  const since = sinceMs === undefined ? 'no use is on record' : `${used} ever used${share} since ${showDay(sinceMs)}`;
  const can = {
    scoped: `can call ${tools}`,
    unscoped: `has no scope: ${tools} can be called`,
    observe: `is only observed: ${tools} can be called`,
    refused: 'is not in the config: `run` refuses to start it',
  }[standing];
  return `${can}; ${since}`;
}

function drawPlot({ points, fromMs, nowMs }: CreepView, columns: number, marks: PlotMarks): readonly string[] {
  const { used, granted, unknown } = marks;
  const legend = `${used} used by then   ${granted} could be called, never used by then   ${unknown} not on record`;
  return [
    ...plot(points, marks),
    `  ${' '.repeat(SCALE)}${showDay(fromMs)}${showDay(nowMs).padStart(PLOT_COLUMNS - 10)}`,
    ...wrapWords(legend, columns - 2).map((line) => `  ${line}`),
  ];
}

function plot(points: readonly SurfacePoint[], marks: PlotMarks): readonly string[] {
  const most = Math.max(1, ...points.map(({ granted, used }) => Math.max(granted ?? 0, used ?? 0)));
  const rows = Math.min(ROWS, most);
  const lines: string[] = [];
  for (let row = rows; row >= 1; row -= 1) {
    const scale = row === rows ? String(most) : row * 2 === rows ? String(most / 2).replace(/\..*/, '') : '';
    const cells = points.map((point) => cellAt(point, row, rows, most, marks)).join('');
    lines.push(`  ${fitText(scale, SCALE - 2, 'right')} |${cells}`.trimEnd());
  }
  return [...lines, `  ${fitText('0', SCALE - 2, 'right')} +${'-'.repeat(points.length)}`];
}

/** A row is filled from its middle on; what there is at all fills the lowest one. */
function cellAt({ granted, used }: SurfacePoint, row: number, rows: number, most: number, marks: PlotMarks): string {
  const reaches = (count: number): boolean => count > 0 && (row === 1 || (count / most) * rows >= row - 0.5);
  if (granted === undefined) return row === 1 ? marks.unknown : ' ';
  if (used !== undefined && reaches(Math.min(used, granted))) return marks.used;
  return reaches(granted) ? marks.granted : ' ';
}

function changeLines({ changes, turns, older }: CreepView): readonly string[] {
  const lines = [
    ...changes.map((change) => ({ atMs: change.atMs, text: describeChange(change) })),
    ...turns.map(({ atMs, digest, record }) => ({
      atMs,
      text: `${showDay(atMs)}  another config from here on (${digest.slice(0, 12)}); what it granted is not on record (${record})`,
    })),
  ].sort((one, other) => one.atMs - other.atMs);
  const shown = lines.slice(-MOST_LINES).map(({ text }) => makeInert(text));
  const left = lines.length - shown.length + older;
  return left === 0 ? shown : [`${countOf(left, 'change')} before these`, ...shown];
}

function describeChange({ atMs, before, after, gained, lost, who, why, until, record }: RecordedChange): string {
  const step = `${before ?? '?'} -> ${after ?? '?'} (+${gained}${lost === 0 ? '' : `, -${lost}`})`;
  const end = until === null ? '' : `, until ${showUntil(until)}`;
  const reason = why === '' ? 'no reason given' : [...why].slice(0, LONGEST_REASON).join('');
  return `${showDay(atMs)}  ${step}  by ${who === '' ? 'somebody' : who}${end}: ${reason} (${record})`;
}

/** attacker-controlled: a record says so. */
function showUntil(until: string): string {
  const untilMs = Date.parse(until);
  return Number.isNaN(untilMs) ? until.slice(0, 10) : showExpiry(untilMs);
}

function notes(view: CreepView): readonly string[] {
  const { standing, offered, changes, older, granted, last, sinceMs, hasMore, keptOut } = view;
  return [
    ...(keptOut === 0
      ? []
      : [
          `${countOf(keptOut, 'tool')} more would be callable and ${keptOut === 1 ? 'is' : 'are'} kept out of use by pins: changed, or new`,
        ]),
    ...(changes.length + older === 0 && standing === 'scoped'
      ? ['no approval is on record: how many tools could be called is known of today only']
      : []),
    ...(offered === undefined && standing !== 'refused'
      ? ['what it offers is not known: tools are counted by the names of grants']
      : []),
    ...(last !== undefined && last !== granted + keptOut
      ? [
          `the last recorded change left ${last}: since then the config was narrowed, a grant has ended, or the server offers other tools`,
        ]
      : []),
    ...(sinceMs === undefined ? ['it has never run behind the guard, or its record is gone'] : []),
    ...(hasMore ? ['there is more on record than is counted'] : []),
  ];
}

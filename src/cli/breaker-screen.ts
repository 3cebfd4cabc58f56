// The rows of `breaker status` as lines that fit, and as JSON. Everything from a board is attacker-controlled and shown inert.
import { type BreakerRow, badOf, type Counts, shareOf } from './breaker-rows.ts';
import { describeEvidence, showHolder, showMoment, showSpan } from './breaker-words.ts';
import { stringifyInert } from './call-json.ts';
import { makeInert } from './inert-text.ts';
import type { Paint, Tone } from './render.ts';
import { cutText, fitName, fitText, measureText, wrapWords } from './text-width.ts';

export interface ScreenStyle {
  /** Infinity: nothing is cut. */
  readonly columns: number;
  readonly paint: Paint;
  /** What a bar is made of: a full cell and an empty one. */
  readonly cells: readonly [full: string, empty: string];
  /** Wall clock, ms since the epoch: what is of another day is shown with its date. */
  readonly nowMs: number;
}

export const BLOCKS = ['▇', '▁'] as const;
export const ASCII = ['#', '.'] as const;

const BAR = 5;
const STATE = 9;
const COUNT = 7;
/** Lines below a row that say why: a reason may be long, and a screen is not. */
const MOST_WHY_LINES = 3;
/** Before a tool's name, and before the lines that say why. */
const INDENT = '  ';

const TONES: Readonly<Record<BreakerRow['state'], Tone>> = {
  open: 'bad',
  half_open: 'warn',
  isolated: 'bad',
  closed: 'good',
};

/** @param servers the rows of each, in order. INVARIANT: no line is wider than `columns`. */
export function formatBoards(servers: readonly (readonly BreakerRow[])[], style: ScreenStyle): readonly string[] {
  const widest = servers.flat().reduce((most, row) => Math.max(most, measureText(nameOf(row))), 0);
  const spare = Math.max(0, style.columns - 80);
  const width = Math.min(widest, Math.max(8, Math.min(28 + Math.floor(spare / 2), style.columns - 52)));
  const head = [' '.repeat(width), fitText('state', STATE), 'failed'].join(' ');
  const body = servers.flatMap((rows) => rows.flatMap((row) => formatRow(row, width, style)));
  return measureText(head) > style.columns ? body : [style.paint('quiet', head), ...body];
}

function nameOf({ server, tool }: BreakerRow): string {
  return tool === undefined ? makeInert(server) : INDENT + makeInert(tool);
}

function formatRow(row: BreakerRow, width: number, style: ScreenStyle): readonly string[] {
  const { columns, paint } = style;
  const detail = describeNow(row, style.nowMs);
  const left = [fitName(nameOf(row), width), fitText(row.state, STATE)];
  const middle = [showBar(row.counts, style), fitText(showCount(row.counts), COUNT)];
  const room = columns - measureText([...left, ...middle, ''].join(' '));
  if (room < 1) return [cutText([row.state, nameOf(row).trim(), showCount(row.counts)].join(' '), columns)];
  const [name = '', state = ''] = left;
  const cells = [
    paint(row.tool === undefined ? 'strong' : 'plain', name),
    paint(TONES[row.state], state),
    ...middle,
    cutText(detail, room),
  ];
  return [cells.join(' ').trimEnd(), ...formatWhy(row, style)];
}

function formatWhy(row: BreakerRow, { columns, paint, nowMs }: ScreenStyle): readonly string[] {
  if (row.state === 'closed') return [];
  const indent = INDENT.repeat(2);
  // a screen without this room has no row of cells either
  const room = columns - indent.length;
  // to wrap all of a long reason, of each of many rows, every second, would be dear
  const lines = wrapWords(cutText(describeWhy(row, nowMs), room * (MOST_WHY_LINES + 1)), room);
  const kept = lines.slice(0, MOST_WHY_LINES);
  const last = kept.at(-1);
  if (lines.length > MOST_WHY_LINES && last !== undefined) kept[kept.length - 1] = cutText(`${last} …`, room);
  return kept.map((line) => paint('quiet', indent + line));
}

/** `since` stands first, so that a long reason cannot push it out. */
function describeWhy({ state, why, since, round, probes }: BreakerRow, nowMs: number): string {
  const age = since !== undefined && Number.isFinite(since.forMs) ? ` (${showSpan(since.forMs)})` : '';
  const from = since === undefined ? [] : [`since ${showMoment(since.wallMs, nowMs)}${age}`];
  const times = round > 1 ? [`opened ${round} times in a row`] : [];
  const lease = probes?.lease;
  const who =
    lease === undefined ? [] : [`probe of ${showHolder(lease.holder)}, at most ${showSpan(lease.leftMs)} more`];
  const lapses = probes !== undefined && probes.lapses > 0 ? [`probes that lapsed: ${probes.lapses}`] : [];
  const by = state === 'isolated' || why?.kind === 'person' ? 'by ' : '';
  return [...from, ...times, ...who, ...lapses, ...(why === undefined ? [] : [by + describeEvidence(why)])].join('; ');
}

/** What comes next. */
function describeNow({ state, mode, leftMs, probes, since }: BreakerRow, nowMs: number): string {
  if (state === 'isolated') return 'until a person closes it';
  if (state !== 'closed' && mode !== 'enforce') return `refuses nothing: mode ${mode}`;
  if (state === 'open') return leftMs === 0 ? 'the next call tries it' : `${showSpan(leftMs ?? 0)} left`;
  if (probes !== undefined) {
    const next = probes.lease === undefined ? 'the next call tries it' : 'trying';
    return `${probes.successes} of ${probes.needed} passed, ${next}`;
  }
  return since === undefined ? '' : `closed ${showMoment(since.wallMs, nowMs)}`;
}

/** At least one cell where anything failed, and not all of them where anything went well. */
function showBar(counts: Counts | undefined, { cells: [full, empty], paint }: ScreenStyle): string {
  if (counts === undefined || counts.samples === 0) return ' '.repeat(BAR);
  const share = shareOf(counts);
  const filled = share === 0 ? 0 : share === 1 ? BAR : Math.min(BAR - 1, Math.max(1, Math.round(share * BAR)));
  return paint(filled === 0 ? 'quiet' : 'warn', full.repeat(filled) + empty.repeat(BAR - filled));
}

function showCount(counts: Counts | undefined): string {
  return counts === undefined || counts.samples === 0 ? '-' : `${badOf(counts)}/${counts.samples}`;
}

/** One line of ASCII; keys stand in docs/breaker.md. What does not apply is null. */
export function formatRowJson(tenant: string, row: BreakerRow): string {
  const { server, tool, state, mode, share, epoch, round, counts, since, why, leftMs, probes } = row;
  const lease = probes?.lease;
  return stringifyInert({
    tenant,
    server,
    tool: tool ?? null,
    state,
    mode,
    share,
    epoch,
    round,
    samples: counts?.samples ?? null,
    faults: counts?.faults ?? null,
    toolErrors: counts?.toolErrors ?? null,
    slow: counts?.slow ?? null,
    since:
      since === undefined
        ? null
        : { atMs: since.wallMs, forMs: Number.isFinite(since.forMs) ? Math.round(since.forMs) : null },
    why: why ?? null,
    leftMs: leftMs === undefined ? null : Math.ceil(leftMs),
    probes:
      probes === undefined
        ? null
        : {
            successes: probes.successes,
            needed: probes.needed,
            lapses: probes.lapses,
            holder: lease?.holder ?? null,
            leftMs: lease === undefined ? null : Math.ceil(lease.leftMs),
          },
  });
}

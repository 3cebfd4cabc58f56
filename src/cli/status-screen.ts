// The running guards as lines that fit, and as JSON. Knows no file. attacker-controlled, and shown inert: every name and text.
import type { RunEntry } from '../adapters/run-files.ts';
import type { Pause } from '../policy/pause.ts';
import type { Isolation, PolicyStanding, ServerStanding, ServerWord } from '../ports/guard-status.ts';
import { showMoment, showSpan } from './breaker-words.ts';
import { stringifyInert } from './call-json.ts';
import { makeInert } from './inert-text.ts';
import { describePause, pauseJson } from './pause-words.ts';
import type { Paint, Tone } from './render.ts';
import { cutText, fitName, fitText, measureText, wrapWords } from './text-width.ts';

export interface StatusStyle {
  /** Infinity: nothing is cut. */
  readonly columns: number;
  readonly paint: Paint;
  /** The screen may end before it does: what is in trouble comes first in each guard. Else as in the config. */
  readonly mayBeCut?: boolean;
  /** Wall clock, ms since the epoch. */
  readonly nowMs: number;
  /** Break-glass that holds for a server of this tenant; undefined: none. */
  readonly pauseOf: PauseOf;
}

export type PauseOf = (tenant: string, server: string, config: string) => Pause | undefined;

const INDENT = '  ';
const ERA = 7;
const PID = 10;
const UP = 6;
const CALLS = 5;
const BREAKER = 14;
const LIMIT = 8;
/** All but the name, with the blanks between. */
const FIXED = INDENT.length + 6 + ERA + PID + UP + CALLS + BREAKER + LIMIT;
const SHORT_DIGEST = 8;
const MOST_NOTE_LINES = 2;
/** What waits, and why a policy was not taken over, is to be acted upon: it is cut later. */
const MOST_POLICY_LINES = 4;
const MOST_WAITS = 6;
const QUIET: ReadonlySet<string> = new Set<ServerWord>(['idle', 'on demand', 'left']);

/** INVARIANT: no line is wider than `columns`. */
export function formatGuards(guards: readonly RunEntry[], style: StatusStyle): readonly string[] {
  const names = guards.flatMap(({ record }) => record.servers.map(({ name }) => measureText(makeInert(name))));
  const widest = names.reduce((most, width) => Math.max(most, width), 'server'.length);
  const width = Math.max(8, Math.min(widest, style.columns - FIXED, 48));
  const isNarrow = style.columns < FIXED + 8;
  const head =
    INDENT + cellsOf(['server', 'era', 'pid', 'up', 'calls', 'breaker', 'limits'], width).join(' ').trimEnd();
  const body = guards.flatMap((guard) => [
    ...formatGuard(guard, style),
    ...(style.mayBeCut === true ? troubledFirst(guard.record.servers) : guard.record.servers).flatMap((server) => [
      ...formatServer(server, width, isNarrow, style, commonIsolation(guard.record.servers) === undefined),
      ...formatPause(pauseOn(guard, server, style.pauseOf), style),
    ]),
  ]);
  return isNarrow ? body : [style.paint('quiet', head), ...body];
}

/** What goes beyond a screen is what needs nobody. */
function troubledFirst(servers: readonly ServerStanding[]): readonly ServerStanding[] {
  return [...servers].sort((one, other) => Number(isTroubled(other)) - Number(isTroubled(one)));
}

function isTroubled({ state, word, breaker }: ServerStanding): boolean {
  if (breaker !== 'closed' && breaker !== '-') return true;
  return word === undefined ? state === 'down' : !QUIET.has(word);
}

function formatGuard({ holder, record, liveness, writtenMs }: RunEntry, style: StatusStyle): readonly string[] {
  const { columns, paint, nowMs } = style;
  const { client, tenant, principal, startedMs, policy } = record;
  const isolation = commonIsolation(record.servers);
  const who = client === null ? 'no client yet' : makeInert(client);
  const parts = [
    `guard ${holder.pid}`,
    who,
    ...(tenant === 'default' ? [] : [`tenant ${makeInert(tenant)}`]),
    makeInert(principal),
    ...(isolation === undefined || isolation === 'none' ? [] : [`isolation ${isolation}`]),
    `up ${showAge(nowMs - startedMs)}`,
  ];
  const [first = '', ...more] = wrapParts(parts, columns);
  const unseen = `of another container: whether it still runs cannot be told from here, last heard ${showAge(nowMs - writtenMs)} ago`;
  return [
    paint('strong', first),
    ...more.map((line) => paint('strong', line)),
    ...notes(describePolicy(policy, nowMs), INDENT, style, 'quiet'),
    ...describeKept(policy, nowMs).flatMap((text) => notes(text, INDENT, style, 'warn', MOST_POLICY_LINES)),
    ...describeWaits(record).flatMap((text) => notes(text, INDENT, style, 'quiet', MOST_POLICY_LINES)),
    ...(liveness === 'alive' ? [] : notes(unseen, INDENT, style, 'warn')),
  ];
}

/** Of all servers of a guard; undefined where they differ: then each says its own. */
function commonIsolation(servers: readonly ServerStanding[]): Isolation | undefined {
  const [first, ...others] = new Set(servers.filter(wasStarted).map(({ isolation }) => isolation));
  return others.length === 0 ? first : undefined;
}

/** What never was has no level, and says none. */
function wasStarted({ word }: ServerStanding): boolean {
  return word !== 'unapproved' && word !== 'no start';
}

function describePolicy({ config, digest, sinceMs }: PolicyStanding, nowMs: number): string {
  if (config === null || digest === null) return 'no config: observes only';
  return `policy ${makeInert(digest.slice(0, SHORT_DIGEST))} since ${showMoment(sinceMs, nowMs)}, ${makeInert(config)}`;
}

/** The config stands on the line above. */
function describeKept({ config, reload }: PolicyStanding, nowMs: number): readonly string[] {
  if (reload?.outcome !== 'kept') return [];
  const named = `\`${config}\` `;
  const why = reload.why.startsWith(named) ? `it ${reload.why.slice(named.length)}` : reload.why;
  return [`changed at ${showMoment(reload.atMs, nowMs)} and NOT taken over: ${makeInert(why)}`];
}

/** What stands below one of the servers is not said here, too. */
function describeWaits({ policy: { waits, reload }, servers }: RunEntry['record']): readonly string[] {
  const said = waits ?? (reload === null || reload.outcome === 'kept' || reload.why === '' ? [] : [reload.why]);
  const isBelow = (text: string): boolean =>
    servers.some(
      ({ name, why = '' }) => why.includes(text) || (why !== '' && text === `\`${name}\` is left out: ${why}`),
    );
  const others = said.filter((text) => !isBelow(text));
  const more = others.length - MOST_WAITS;
  return [...others.slice(0, MOST_WAITS).map(makeInert), ...(more > 0 ? [`and ${more} more`] : [])];
}

function formatServer(
  server: ServerStanding,
  width: number,
  isNarrow: boolean,
  style: StatusStyle,
  saysIsolation: boolean,
): readonly string[] {
  const { columns, paint, nowMs } = style;
  const { name, pid, state, word, era, sinceMs, inFlight, breaker, limit } = server;
  const texts = [
    makeInert(name),
    era === 'unknown' ? '-' : era,
    pid === null ? (word ?? state) : String(pid),
    sinceMs === null || state !== 'up' ? '-' : showAge(nowMs - sinceMs),
    String(inFlight),
    makeInert(breaker),
    makeInert(limit),
  ];
  if (isNarrow)
    return [
      cutText(INDENT + texts.filter((text) => text !== '-').join(' '), columns),
      ...troubles(server, style, saysIsolation),
    ];
  const cells = cellsOf(texts, width);
  const tones: readonly Tone[] = [
    'plain',
    'quiet',
    word !== undefined && QUIET.has(word) ? 'quiet' : TONES[state],
    'plain',
    'plain',
    breaker === 'closed' ? 'good' : 'warn',
    'plain',
  ];
  const painted = cells.map((cell, index) =>
    paint(index === cells.length - 1 ? 'plain' : (tones[index] ?? 'plain'), cell),
  );
  return [(INDENT + painted.join(' ')).trimEnd(), ...troubles(server, style, saysIsolation)];
}

/** A guard without a config heeds no pause. */
function pauseOn({ record }: RunEntry, { name }: ServerStanding, pauseOf: PauseOf): Pause | undefined {
  const { config } = record.policy;
  return config === null ? undefined : pauseOf(record.tenant, name, config);
}

function formatPause(pause: Pause | undefined, style: StatusStyle): readonly string[] {
  return pause === undefined ? [] : notes(describePause(pause), INDENT.repeat(2), style, 'warn');
}

const TONES: Readonly<Record<ServerStanding['state'], Tone>> = { up: 'plain', down: 'bad', starting: 'warn' };

function troubles(server: ServerStanding, style: StatusStyle, saysIsolation: boolean): readonly string[] {
  const { isolation, pid, word, why, restarts, lastError } = server;
  const kept = saysIsolation && wasStarted(server) ? [`isolation ${isolation}`] : [];
  const often = restarts === 0 ? [] : [`${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`];
  const error =
    lastError === null ? [] : [`${showAge(style.nowMs - lastError.atMs)} ago: ${makeInert(lastError.text)}`];
  // one that runs has its process id where the others have the word
  const how = pid === null || word === undefined ? [] : [word];
  const reason = why === undefined ? [] : [makeInert(why)];
  const text = [...how, ...reason, ...kept, ...often, ...error].join('; ');
  const most = why === undefined ? MOST_NOTE_LINES : MOST_POLICY_LINES;
  return text === '' ? [] : notes(text, INDENT.repeat(2), style, 'quiet', most);
}

function cellsOf(texts: readonly string[], width: number): readonly string[] {
  const [name = '', era = '', pid = '', up = '', calls = '', breaker = '', limit = ''] = texts;
  return [
    fitName(name, width),
    fitText(era, ERA),
    fitText(pid, PID),
    fitText(up, UP, 'right'),
    fitText(calls, CALLS, 'right'),
    fitText(breaker, BREAKER),
    cutText(limit, LIMIT),
  ];
}

/** Parts with two blanks between, on as many lines as they need. */
function wrapParts(parts: readonly string[], columns: number): readonly string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const longer = last === undefined ? undefined : `${last}  ${part}`;
    if (longer !== undefined && measureText(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(cutText(last === undefined ? part : INDENT + part, columns));
  }
  return lines;
}

function notes(
  text: string,
  indent: string,
  { columns, paint }: StatusStyle,
  tone: Tone,
  most = MOST_NOTE_LINES,
): readonly string[] {
  const room = columns - indent.length;
  if (room < 1) return [];
  const lines = wrapWords(Number.isFinite(room) ? cutText(text, room * (most + 1)) : text, room);
  const kept = lines.slice(0, most);
  const last = kept.at(-1);
  if (lines.length > most && last !== undefined) kept[kept.length - 1] = cutText(`${last} …`, room);
  return kept.map((line) => paint(tone, indent + line));
}

/** `12 s`, `5 min`; a clock that was set back makes no negative ages. */
function showAge(ms: number): string {
  return showSpan(Math.max(0, ms));
}

/** One line of ASCII; keys stand in docs/status.md. */
export function formatGuardJson(guard: RunEntry, pauseOf: PauseOf): string {
  const { holder, liveness, record, writtenMs } = guard;
  const { version: _, ...rest } = record;
  const servers = record.servers.map((one) => ({ ...one, pause: pauseJson(pauseOn(guard, one, pauseOf)) }));
  return stringifyInert({ pid: holder.pid, liveness, writtenMs, ...rest, servers });
}

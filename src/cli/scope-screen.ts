// The rows of `scope show` as lines that fit. Names of a server are attacker-controlled and shown inert.
import type { ListKind } from '../policy/inventory/known-list.ts';
import type { TargetKind } from '../policy/scope/scope-policy.ts';
import { showDay } from './call-line.ts';
import { makeInert } from './inert-text.ts';
import { describePause } from './pause-words.ts';
import type { Paint } from './render.ts';
import type { GrantRow, OfferRow, ServerRows } from './scope-rows.ts';
import { showExact, showExpiry } from './scope-words.ts';
import { cutMiddle, measureText, wrapWords } from './text-width.ts';

export interface ScopeStyle {
  /** Infinity: nothing is cut. */
  readonly columns: number;
  readonly paint: Paint;
  /** Of a list that was offered. */
  readonly mostNames: number;
}

const HEADS: Readonly<Record<TargetKind, string>> = {
  tool: 'tools',
  resource: 'resources',
  prompt: 'prompts',
  request: 'the server may ask',
  method: 'methods beyond the protocol',
};
const KINDS = Object.keys(HEADS) as readonly TargetKind[]; // the keys of this very literal

const LISTS: Readonly<Record<ListKind, readonly [one: string, many: string]>> = {
  tools: ['tool', 'tools'],
  resources: ['resource', 'resources'],
  resourceTemplates: ['resource template', 'resource templates'],
  prompts: ['prompt', 'prompts'],
};

const STATES: Readonly<Record<Exclude<GrantRow['state'], 'active'>, string>> = {
  expired: 'expired',
  denied: 'denied',
  needs_approval: 'denied: needs an approval for each use',
  not_approved: 'denied: nobody has approved it yet',
  not_granted: 'denied: not granted',
  beyond_ceiling: 'denied: beyond the ceiling',
  not_plain: 'granted as it is written only',
  drifted: 'its definition has changed, or is new: kept out of use',
};

/** INVARIANT: no line is wider than `columns`. */
export function formatServer(rows: ServerRows, style: ScopeStyle): readonly string[] {
  const { columns, paint } = style;
  const lines = fitLines(describeStanding(rows), 0, columns);
  const [first = '', ...rest] = lines;
  return [
    paint('strong', first),
    ...rest,
    ...formatWarnings(rows, style),
    ...KINDS.flatMap((kind) => formatGrants(kind, rows, style)),
    ...formatDenies(rows, style),
    ...formatDecided(rows, style),
    ...rows.offers.flatMap((offer) => formatOffer(offer, rows, style)),
    ...(rows.inventory === undefined
      ? fitLines('what it offers is not known: nobody has listed it behind the guard yet', 2, columns).map((line) =>
          paint('quiet', line),
        )
      : []),
  ];
}

/** `name: how it is kept`. */
function describeStanding({ server, standing, ceilings, inventory }: ServerRows): string {
  const facts = inventory?.server;
  const version = facts === undefined ? '' : ` (${makeInert(`${facts.name} ${facts.version}`)})`;
  return `${makeInert(server)}${version}: ${howKept()}`;

  function howKept(): string {
    if (standing.kind === 'refused') return 'not started: the config lists servers, and this is none of them';
    if (standing.kind === 'unscoped') {
      if (standing.why === 'no_config') return 'free: there is no config';
      if (standing.why === 'no_scopes') return 'free: the config has no `scopes`';
      return 'free: it is not in the config, and `unlisted` is `observe`';
    }
    const scope = standing.entry?.scope?.name;
    const rules = standing.scope.layers.flatMap(({ rule, role }) => (role === 'ceiling' ? [] : [rule]));
    const voices = ceilings.map(nameVoice);
    const [first = '', ...more] = scope === '' ? voices : [...rules, ...voices];
    const also = more.length === 0 ? '' : `, and to ${makeInert(more.join(', '))}`;
    const kept = scope === '' ? 'names no scope, so nothing is granted' : `kept to ${makeInert(first)}${also}`;
    if (standing.scope.mode !== 'observe') return kept;
    const but = voices.length === 0 ? '' : ', but for what the ceiling denies';
    return `only observed: what is denied is recorded and let pass${but}; ${kept}`;
  }
}

function formatWarnings(rows: ServerRows, { columns, paint }: ScopeStyle): readonly string[] {
  const { pause, ceilings, waits, isSilenced, ending } = rows;
  const but = ceilings.length === 0 ? '' : ', but for what a ceiling denies';
  const texts = [
    waits === undefined ? '' : makeInert(waits),
    pause === undefined
      ? ''
      : `${describePause(pause)}: what its scope and its pins deny is recorded and let pass${but}`,
    ending === undefined
      ? ''
      : `approval ${ending.number} ends at ${showExact(ending.endMs)}, and what it alone gives with it`,
    isSilenced ? 'its instructions have changed, and are withheld' : '',
  ];
  return texts.flatMap((text) => fitLines(text, 2, columns)).map((line) => paint('warn', line));
}

function formatGrants(kind: TargetKind, { grants, standing, waits }: ServerRows, style: ScopeStyle): readonly string[] {
  const own = grants.filter((grant) => grant.kind === kind);
  if (own.length === 0 || standing.kind !== 'scoped') return [];
  return [...formatHead(HEADS[kind], style), ...own.flatMap((grant) => formatGrant(grant, waits, style))];
}

function formatGrant(grant: GrantRow, waits: ServerRows['waits'], { columns, paint }: ScopeStyle): readonly string[] {
  const { state, by, lessBy, reason, owner, args, matches } = grant;
  const isActive = state === 'active';
  const less = lessBy === undefined ? '' : `not all of it: ${makeInert(lessBy)} has less`;
  const states = describeState(grant, waits);
  const taken = by === undefined || by === grant.rule ? '' : `by ${makeInert(by)}`;
  const matched = matches === undefined ? '' : `matches ${matches === 0 ? 'nothing' : matches} offered`;
  const why = [owner, reason].flatMap((text) => (text === undefined ? [] : [makeInert(text)])).join(': ');
  return [
    `    ${paint(isActive ? 'good' : 'bad', cutMiddle(makeInert(grant.pattern), Math.max(1, columns - 4)))}`,
    ...fitLines([states, taken].filter((text) => text !== '').join(' '), 6, columns).map((line) =>
      paint(isActive ? 'plain' : 'warn', line),
    ),
    ...fitLines(less, 6, columns).map((line) => paint('warn', line)),
    ...args.flatMap((text) => fitLines(text, 6, columns)),
    ...fitLines([makeInert(grant.rule), matched, why].filter((text) => text !== '').join('; '), 6, columns).map(
      (line) => paint('quiet', line),
    ),
  ];
}

function describeState({ state, ended, expiresAtMs, approvedUntilMs }: GrantRow, waits: ServerRows['waits']): string {
  switch (state) {
    case 'expired':
      return `expired: ended with ${showExpiry(expiresAtMs)}`;
    case 'not_approved':
      if (waits !== undefined) return 'denied: waits for an approval with its server';
      return ended === undefined ? STATES.not_approved : `denied: no approval covers it now (${makeInert(ended)})`;
    case 'active':
      if (approvedUntilMs < expiresAtMs) return `until ${showExact(approvedUntilMs)}, when its approval ends`;
      return Number.isFinite(expiresAtMs) ? `until ${showExpiry(expiresAtMs)}` : '';
    default:
      return STATES[state];
  }
}

function formatDenies({ denies }: ServerRows, style: ScopeStyle): readonly string[] {
  const { columns, paint } = style;
  if (denies.length === 0) return [];
  return [
    ...formatHead('denied, whatever is granted', style),
    ...denies.flatMap(({ kind, pattern, rule, reason }) => [
      `    ${paint('bad', cutMiddle(`${kind} ${makeInert(pattern)}`, Math.max(1, columns - 4)))}`,
      ...fitLines(
        [rule, reason].flatMap((text) => (text === undefined ? [] : [makeInert(text)])).join('; '),
        6,
        columns,
      ).map((line) => paint('quiet', line)),
    ]),
  ];
}

function formatDecided({ decided }: ServerRows, style: ScopeStyle): readonly string[] {
  if (decided.length === 0) return [];
  const lines = decided.flatMap(({ path, was, is, by }) =>
    fitLines(makeInert(`${path}: ${is} instead of ${was}, by ${by}`), 4, style.columns),
  );
  return [...formatHead('decided by a ceiling', style), ...lines];
}

function formatOffer(offer: OfferRow, { standing }: ServerRows, style: ScopeStyle): readonly string[] {
  const { visible, hidden, isComplete, omitted, seenAtMs } = offer;
  const { columns, paint, mostNames } = style;
  const count = visible.length + hidden.length + omitted;
  const drifted = hidden.filter(({ why }) => why === 'definition_drift');
  const parts = [
    `${visible.length} visible`,
    `${hidden.length} hidden${drifted.length === 0 ? '' : ` (${drifted.length} by pins)`}`,
    ...(omitted === 0 ? [] : [`${omitted} not kept`]),
    ...(isComplete ? [] : ['nobody has read the list to its end']),
  ];
  const what = `offers ${count} ${LISTS[offer.list][count === 1 ? 0 : 1]} (seen ${showDay(seenAtMs)}): ${parts.join(', ')}`;
  const names = (label: string, all: readonly string[]) => {
    if (all.length === 0) return [];
    const more = all.length > mostNames ? ` … ${all.length - mostNames} more` : '';
    const shown = all.slice(0, mostNames).map(showName);
    return fitLines(`${label}: ${shown.join(', ')}${more}`, 4, columns);
  };
  const isFree = standing.kind === 'unscoped';
  return [
    ...formatHead(what, style),
    ...names(isFree && hidden.length === 0 ? 'all' : 'visible', visible),
    ...names(
      'kept out of use by pins',
      drifted.map(({ name }) => name),
    ).map((line) => paint('warn', line)),
    ...names(
      'hidden',
      hidden.filter((one) => !drifted.includes(one)).map(({ name }) => name),
    ).map((line) => paint('quiet', line)),
  ];
}

function formatHead(text: string, { columns, paint }: ScopeStyle): readonly string[] {
  return fitLines(text, 2, columns).map((line) => paint('accent', line));
}

/** Nothing for nothing. */
function fitLines(text: string, indent: number, columns: number): readonly string[] {
  if (text === '') return [];
  const blanks = ' '.repeat(indent);
  const room = Math.max(1, columns - indent);
  const isOneLine = measureText(text) <= room;
  return (isOneLine ? [text] : wrapWords(text, room)).map((line) => blanks + line.replaceAll('\u00a0', ' '));
}

/** Kept on one line, and told apart from its neighbours. */
function showName(name: string): string {
  const shown = cutMiddle(makeInert(name), 60).replaceAll(' ', '\u00a0');
  return /^[^\s,`]+$/.test(shown) ? shown : `\`${shown}\``;
}

/** A ceiling is a file; what else restricts says itself what it is: `roles.reader`, `tenants.acme`. */
function nameVoice(by: string): string {
  return /^([/\\]|[A-Za-z]:)/.test(by) ? `the ceiling ${by}` : by;
}

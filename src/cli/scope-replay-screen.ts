// What a replay comes to, as lines that fit and as JSON. Names and rules of records are attacker-controlled and shown inert.
import { stringifyInert } from './call-json.ts';
import { showDay, showTime } from './call-line.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint, type Paint, type Tone } from './render.ts';
import type { Flip, FlipGroup, ReplaySum } from './scope-replay.ts';
import { cutMiddle, wrapWords } from './text-width.ts';

export interface ReplayHeading {
  /** Path of the config; undefined: there is none. */
  readonly policy: string | undefined;
  readonly server: string | undefined;
  readonly as: string | undefined;
  /** Behind the commands that are named. */
  readonly commandOptions: string;
}

const FLIPS: readonly (readonly [flip: Flip, head: string, tone: Tone])[] = [
  ['to_denied', 'would be denied, and passed', 'bad'],
  ['observed_to_denied', 'would be denied, and passed only because their server was observed or paused', 'warn'],
  ['to_allowed', 'would pass, and were denied', 'warn'],
  ['undecided', 'cannot be told: the arguments decide, and are not on record', 'quiet'],
];
/** Groups of each direction; `--json` has them all. */
const MOST_SHOWN = 30;
const LONGEST_WORD = 40;
const MOST_UNLISTED = 6;

/** Every line ended. INVARIANT: no line is wider than the screen. */
export function formatReplay(sum: ReplaySum, heading: ReplayHeading, io: CliIo): string {
  const { columns } = io;
  const paint = makePaint(io.color);
  const { asked, same, flips, oldestMs, ungrouped } = sum;
  const of = heading.server === undefined ? '' : ` of \`${makeInert(heading.server)}\``;
  const as = heading.as === undefined ? '' : `, as \`${makeInert(heading.as)}\``;
  const since = Number.isFinite(oldestMs) ? ` since ${showDay(oldestMs)}` : '';
  const policy = heading.policy === undefined ? 'no config' : makeInert(heading.policy);
  const lines = wrapWords(`${asked} recorded requests${of}${since}, against ${policy}${as}`, columns).map((line) =>
    paint('strong', line),
  );
  const count = (number: number, text: string): readonly string[] =>
    wrapWords(`${number} ${text}`, columns - 2).map((line) => `  ${line}`);
  lines.push(...count(same, `come to the same${describeSame(sum)}`));
  for (const [flip, head, tone] of FLIPS) {
    // a server that nobody observed or paused needs no line about it
    if (flip === 'observed_to_denied' && flips[flip] === 0) continue;
    lines.push(...count(flips[flip], head));
    const groups = sum.groups.filter((group) => group.flip === flip);
    if (groups.length === 0) continue;
    lines.push(...groups.slice(0, MOST_SHOWN).flatMap((group) => formatGroup(group, columns, tone, paint)));
    if (groups.length > MOST_SHOWN) lines.push(`    … ${groups.length - MOST_SHOWN} more (\`--json\` has them)`);
  }
  if (sum.unapproved > 0)
    lines.push(
      ...count(
        sum.unapproved,
        `of those that would pass wait for an approval (\`mcp-guard scope diff${heading.commandOptions}\`)`,
      ),
    );
  if (sum.unlisted.size > 0) lines.push(...count(...describeUnlisted(sum.unlisted)));
  if (ungrouped > 0) lines.push(...count(ungrouped, 'more of these under other names than are kept apart'));
  return lines.map((line) => `${line}\n`).join('');
}

/** How many, and of which servers, the most frequent first. */
function describeUnlisted(unlisted: ReadonlyMap<string, number>): readonly [number: number, text: string] {
  const servers = [...unlisted].sort(([, one], [, other]) => other - one);
  const number = servers.reduce((all, [, times]) => all + times, 0);
  const named = servers.slice(0, MOST_UNLISTED).map(([name, times]) => `\`${makeInert(name)}\` ${times}`);
  const more = servers.length > named.length ? ` and ${servers.length - named.length} more` : '';
  const text = `more are of servers that it does not list, so \`run\` would not start them: ${named.join(', ')}${more}`;
  return [number, `${text} (\`--server\` with \`--as\` judges those of one as those of another)`];
}

function describeSame({ observed, held }: ReplaySum): string {
  const words = [...held].sort(([, one], [, other]) => other - one);
  const parts = [
    ...(observed === 0 ? [] : [`${observed} of them denied and let pass: \`mode: observe\``]),
    ...(words.length === 0
      ? []
      : [
          `${words.reduce((all, [, times]) => all + times, 0)} of them denied by what this does not ask: ${words
            .map(([word, times]) => `${makeInert(cutMiddle(word, LONGEST_WORD))} ${times}`)
            .join(', ')}`,
        ]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

function formatGroup(group: FlipGroup, columns: number, tone: Tone, paint: Paint): readonly string[] {
  const { server, kind, name, rule, count, examples } = group;
  const head = `${count} x ${makeInert(server)}: ${kind} ${makeInert(name)}`;
  const lines = [paint(tone, `    ${cutMiddle(head, Math.max(1, columns - 4))}`)];
  const below = [
    makeInert(rule),
    ...examples.map(({ id, atMs }) => `${showDay(atMs)} ${showTime(atMs)} ${makeInert(id)}`),
  ];
  for (const text of below) lines.push(paint('quiet', `      ${cutMiddle(text, Math.max(1, columns - 6))}`));
  return lines;
}

/** One line of ASCII; keys stand in docs/scopes.md. */
export function formatReplayJson(
  { groups, oldestMs, flips, held, unlisted, servers: _, ...sum }: ReplaySum,
  heading: ReplayHeading,
): string {
  return `${stringifyInert({
    policy: heading.policy ?? null,
    ...sum,
    since: Number.isFinite(oldestMs) ? new Date(oldestMs).toISOString() : null,
    held: Object.fromEntries(held),
    unlisted: Object.fromEntries(unlisted),
    toDenied: flips.to_denied,
    observedToDenied: flips.observed_to_denied,
    toAllowed: flips.to_allowed,
    undecided: flips.undecided,
    groups: groups.map(({ examples, ...group }) => ({
      ...group,
      examples: examples.map(({ id, atMs }) => ({ id, at: new Date(atMs).toISOString() })),
    })),
  })}\n`;
}

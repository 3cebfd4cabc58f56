// An approval as a screen shows it: by server, a word for what each line means, wrapped; and as one JSON value. Judges nothing.
// attacker-controlled: names of tools and texts of definitions; every line is made inert here.
import { numberOf } from '../policy/lock/lock-document.ts';
import type { LockJudgement } from '../policy/lock/lock-judgement.ts';
import type { DiffLine } from '../policy/lock/policy-diff.ts';
import { describeDrift } from '../policy/pins/drift-text.ts';
import type { ApprovalPicture } from './approval-picture.ts';
import { stringifyInert } from './call-json.ts';
import { wrapText } from './config-screen.ts';
import { makeInert } from './inert-text.ts';
import type { Paint, Tone } from './render.ts';
import { wrapWords } from './text-width.ts';

export interface ApprovalLine {
  /**
   * `possible`, `starts`: once it is approved. `drift`: a definition that is out of use until it is approved. `pins`: what would be
   * gone by. `holds`: in effect already. `hidden`, `alike`: to be looked at.
   */
  readonly kind: DiffLine['kind'] | 'drift' | 'pins' | 'hidden' | 'alike';
  readonly server: string | undefined;
  readonly text: string;
}

export interface ApprovalView {
  /** Absolute paths. */
  readonly config: string;
  readonly lock: string;
  readonly judgement: LockJudgement;
  readonly picture: ApprovalPicture;
}

const TONES: Readonly<Record<ApprovalLine['kind'], Tone>> = {
  possible: 'warn',
  starts: 'warn',
  drift: 'bad',
  hidden: 'bad',
  alike: 'bad',
  pins: 'plain',
  holds: 'quiet',
};
const ORDER = Object.keys(TONES);
const MEANINGS: Readonly<Record<ApprovalLine['kind'], string>> = {
  possible: 'becomes possible with an approval',
  starts: 'the server does not start as it is now written before an approval',
  drift: 'a definition that is out of use until an approval',
  hidden: 'text that a person does not see and a model reads',
  alike: "a name that may be taken for another server's",
  pins: 'definitions that an approval pins',
  holds: 'narrower, and in effect already',
};
const INDENT = ' '.repeat(12);
const MOST_HIDDEN = 10;
const MOST_ALIKE = 20;

export function listLines({ diff, servers, shadows }: ApprovalPicture): readonly ApprovalLine[] {
  const lines: ApprovalLine[] = [...diff.lines];
  for (const { server, drift, newPins, hidden } of servers) {
    if (drift !== undefined) for (const text of describeDrift(drift)) lines.push({ kind: 'drift', server, text });
    if (newPins !== undefined)
      lines.push({
        kind: 'pins',
        server,
        text: `${newPins === 1 ? '1 tool' : `${newPins} tools`} as last seen, and the instructions`,
      });
    for (const { tool, path, shown } of hidden.slice(0, MOST_HIDDEN))
      lines.push({ kind: 'hidden', server, text: `\`${tool}\` ${path}: ${shown}` });
    if (hidden.length > MOST_HIDDEN)
      lines.push({ kind: 'hidden', server, text: `and ${hidden.length - MOST_HIDDEN} more` });
  }
  for (const { kind, tools } of shadows.slice(0, MOST_ALIKE)) {
    const names = tools.map(({ server, tool }) => `\`${tool}\` of \`${server}\``).join(', ');
    lines.push({
      kind: 'alike',
      server: undefined,
      text: `${kind === 'same' ? 'the same name' : 'names that read alike'}: ${names}`,
    });
  }
  if (shadows.length > MOST_ALIKE)
    lines.push({ kind: 'alike', server: undefined, text: `and ${shadows.length - MOST_ALIKE} more` });
  return lines;
}

/** Every line ended. */
export function formatApproval(view: ApprovalView, columns: number, paint: Paint): string {
  const lines = listLines(view.picture);
  const servers = new Set(lines.flatMap(({ server }) => server ?? []));
  const groups = [...(lines.some(({ server }) => server === undefined) ? [undefined] : []), ...servers];
  const blocks = groups.map((server) => {
    const rows = lines
      .filter((line) => line.server === server)
      .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
      .map(({ kind, text }) => {
        const wrapped = wrapWords(makeInert(text), columns - INDENT.length).join(`\n${INDENT}`);
        return `  ${paint(TONES[kind], kind.padEnd(10))}${wrapped}\n`;
      });
    return `\n${paint('strong', server === undefined ? '(the config)' : makeInert(server))}\n${rows.join('')}`;
  });
  const kinds = ORDER.filter((kind) => lines.some((line) => line.kind === kind));
  const legend =
    lines.length === 0
      ? ''
      : `\n${kinds.map((kind) => paint('quiet', wrapText(`${kind}: ${MEANINGS[kind as ApprovalLine['kind']]}`, columns, ''))).join('\n')}\n`;
  const head = [`config  ${view.config}`, `lock    ${view.lock}`, `        ${describeState(view.judgement)}`];
  return `${head.map((line) => wrapHead(makeInert(line), columns)).join('\n')}\n${blocks.join('')}${legend}`;
}

/** A path has no blanks to break at, and is not cut: it is to be copied. */
function wrapHead(line: string, columns: number): string {
  const indent = ' '.repeat(8);
  return `${line.slice(0, 8)}${wrapText(line.slice(8), columns, indent).slice(8)}`;
}

function describeState(judgement: LockJudgement): string {
  if (judgement.kind === 'first_use') return 'none yet: the next `run` would lock the config as it stands';
  if (judgement.kind === 'refused') return `does not count, so nothing may start: ${judgement.refusal.what}`;
  const newest = judgement.lock.body.approvals.at(-1);
  const until = newest?.until === null || newest === undefined ? '' : `, until ${newest.until}`;
  return `approval ${numberOf(judgement.lock.body)}, ${newest?.at.slice(0, 10)} by ${newest?.who}${until}: ${newest?.why}`;
}

/** Keys are stable; absent values are left out. */
export function formatApprovalJson({ config, lock, judgement, picture }: ApprovalView): string {
  const newest = judgement.kind === 'holds' ? judgement.lock.body.approvals.at(-1) : undefined;
  return stringifyInert({
    ...{ config, lock, state: judgement.kind, waits: picture.waits },
    refusal: judgement.kind === 'refused' ? judgement.refusal : undefined,
    approval: newest === undefined ? undefined : { ...newest },
    lines: listLines(picture),
  });
}

// What an order to a breaker has changed, in a line or two, and as JSON. Changes nothing.
import { quoteWord } from '../config/shell-word.ts';
import { type Board, stateOf } from '../policy/breaker/board.ts';
import type { Order } from '../policy/breaker/board-steps.ts';
import type { BreakerSettings } from '../policy/breaker/breaker-settings.ts';
import type { Transition } from '../policy/breaker/breaker-state.ts';
import { showTarget, suggestName, type Target } from './breaker-target.ts';
import { showSpan } from './breaker-words.ts';
import { stringifyInert } from './call-json.ts';
import { makeInert } from './inert-text.ts';
import type { Paint } from './render.ts';
import { cutText, wrapWords } from './text-width.ts';

export interface OrderResult {
  readonly order: Order['order'];
  readonly actor: string;
  readonly reason: string;
  readonly tenant: string;
  readonly target: Target;
  /** Some guard has kept a document of this server, or the config names it. */
  readonly isKnown: boolean;
  /** What the config that this command has read says of it. */
  readonly mode: BreakerSettings['mode'];
  readonly before: Board;
  readonly board: Board;
  /** Undefined: nothing has changed. */
  readonly transition: Transition | undefined;
  /** `<segment>:<seq>` */
  readonly record: string;
}

const DONE: Readonly<Record<Order['order'], string>> = {
  open: 'opened',
  close: 'closed',
  reset: 'reset',
  isolate: 'isolated',
};
const LONGEST_NAME = 200;

export function describeOrder(result: OrderResult, columns: number, paint: Paint): readonly string[] {
  const { order, target, before, board, transition, record, isKnown } = result;
  const name = cutText(showTarget(target), LONGEST_NAME);
  const was = stateOf(before, target.tool);
  const lines: string[] = [];
  if (transition === undefined) {
    const why = was.kind === 'isolated' ? ', and only `close` or `reset` ends an isolation' : ' already';
    lines.push(`nothing has changed: ${name} is ${was.kind}${why}`);
  } else {
    lines.push(`${DONE[order]} ${name} (it was ${was.kind})${consequence(result, transition)}`);
    lines.push(`running guards follow within a second; on record as ${record}`);
  }
  if (!isKnown)
    lines.push(`no guard has kept anything of a server \`${makeInert(target.server)}\` yet: check the name`);
  const seen = before.tools.map(({ tool }) => tool);
  if (isKnown && order === 'isolate' && target.tool !== undefined && seen.length > 0 && !seen.includes(target.tool))
    lines.push(`nothing was counted of such a tool yet: check the name (${suggestName(target.tool, seen)})`);
  const rest = target.tool === undefined && order !== 'isolate' ? toolsOut(board) : [];
  if (rest.length > 0 && order !== 'open')
    lines.push(`its tools keep their own breakers, and these are out: ${cutText(rest.join(', '), LONGEST_NAME)}`);
  return lines.flatMap((line, index) =>
    wrapWords(line, columns).map((part) => (index === 0 ? paint('strong', part) : part)),
  );
}

function consequence({ order, target, mode }: OrderResult, { openMs }: Transition): string {
  const what = target.tool === undefined ? 'none of its tools is called' : 'it is not called';
  if (order === 'isolate') return `: ${what} until \`mcp-guard breaker close ${pasted(target)}\``;
  if (mode !== 'enforce') return `: under mode \`${mode}\` that refuses nothing`;
  return openMs === undefined ? '' : `: ${what} for ${showSpan(openMs)}, then tried out`;
}

/** Ready to paste, or no command at all: one whose name cannot be shown as it is would be the wrong one. */
function pasted(target: Target): string {
  const text = target.tool === undefined ? target.server : `${target.server}/${target.tool}`;
  return makeInert(text) === text && text.length <= LONGEST_NAME ? `${quoteWord(text)} --reason …` : '…';
}

function toolsOut(board: Board): readonly string[] {
  return board.tools.filter(({ state }) => state.kind !== 'closed').map(({ tool }) => makeInert(tool));
}

/** One line of ASCII. `to`, `epoch` and `openMs` are null where nothing has changed. */
export function formatOrderJson(result: OrderResult): string {
  const { order, actor, reason, tenant, target, before, transition, record } = result;
  return stringifyInert({
    tenant,
    server: target.server,
    tool: target.tool ?? null,
    order,
    changed: transition !== undefined,
    from: stateOf(before, target.tool).kind,
    to: transition?.to ?? null,
    epoch: transition?.epoch ?? null,
    openMs: transition?.openMs ?? null,
    actor,
    reason,
    record,
  });
}

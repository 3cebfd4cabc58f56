// `mcp-guard breaker open|close|reset|isolate <server>[/<tool>] --reason R`: a person's order, on record before it holds.
// Knows neither where boards lie nor how records become bytes.
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';
import { type Board, type BoardTransition, stateOf } from '../policy/breaker/board.ts';
import { type Order, orderBoard } from '../policy/breaker/board-steps.ts';
import { recordTransition } from '../policy/breaker/transition-record.ts';
import type { BreakerStore } from '../ports/breaker-store.ts';
import { describeOrder, formatOrderJson, type OrderResult } from './breaker-order-text.ts';
import { type BreakerBoards, knownServers } from './breaker-status.ts';
import { explainTarget, readGatewayName, readTarget, showTarget, suggestName, type Target } from './breaker-target.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import type { OneShotTrail } from './one-shot-trail.ts';
import { readReason } from './read-reason.ts';
import { makePaint } from './render.ts';

export interface BreakerOrderOptions {
  readonly order: Order['order'];
  readonly target: string;
  readonly reason?: string | undefined;
  readonly tenant: string;
  readonly json?: boolean | undefined;
}

/** What a person might write. */
const EXAMPLES: Readonly<Record<Order['order'], string>> = {
  open: 'its backend is down',
  close: 'its backend is back',
  reset: 'the backend was moved',
  isolate: 'it answers nonsense',
};

export interface OrderContext {
  readonly boards: BreakerBoards;
  readonly store: Pick<BreakerStore<Board>, 'update'>;
  /** The local user. */
  readonly actor: string;
  openTrail(server: string): OneShotTrail;
  /** Why the store last failed, where it said so. */
  storeFault(): string | undefined;
}

/**
 * INVARIANT: the order is on record before anything changes; what came of it is, too: a transition, a failure, or nothing.
 * @returns the exit code @throws GuardError usage, audit_unwritable, state_unusable
 */
export async function runBreakerOrder(options: BreakerOrderOptions, io: CliIo, context: OrderContext): Promise<number> {
  const reason = readReason(
    options.reason,
    'the order goes on record, and whoever meets it asks why',
    `mcp-guard breaker ${options.order} ${quoteWord(options.target)} --reason '${EXAMPLES[options.order]}'`,
  );
  const { boards, actor } = context;
  const known = knownServers(boards);
  const target = readTarget(options.target, known);
  const isKnown = known.includes(target.server);
  checkTarget(options.order, target, isKnown, boards);
  const asked = { order: options.order, tool: target.tool ?? null, actor, reason };
  const trail = context.openTrail(target.server);
  let ref: string;
  let outcome: Outcome;
  let records: readonly string[];
  try {
    ref = trail.record('breaker_order', { stage: 'asked', ...asked });
    const order: Order = { order: options.order, tool: target.tool, person: { actor, reason } };
    outcome = await carryOut(order, target, context);
    records = recordOutcome(outcome, asked, trail, ref);
  } finally {
    const unsealed = trail.close();
    if (unsealed !== undefined) io.stderr.write(`mcp-guard: ${makeInert(unsealed)}\n`);
  }
  if (outcome.kind === 'failed') throw failure(options.order, target, outcome.why, ref);
  const result: OrderResult = {
    ...asked,
    tenant: options.tenant,
    target,
    isKnown,
    mode: boards.settingsOf(target.server, target.tool).mode,
    before: outcome.before,
    board: outcome.board,
    transition: outcome.transitions.at(-1)?.transition,
    record: records.at(-1) ?? ref,
  };
  if (options.json === true) io.stdout.write(`${formatOrderJson(result)}\n`);
  else io.stdout.write(`${describeOrder(result, io.columns, makePaint(io.color)).join('\n')}\n`);
  return 0;
}

/** An isolation may come before the first start; every other order needs something to act on. */
function checkTarget(order: Order['order'], target: Target, isKnown: boolean, boards: BreakerBoards): void {
  if (target.tool?.includes('*') === true) {
    throw new GuardError('usage', `\`${target.tool}\` is no name of a tool: an order takes one name, no pattern`, {
      hint: `write \`${target.server}\` alone for all of its tools`,
    });
  }
  const { prefixes } = boards;
  const known = isKnown ? [] : knownServers(boards);
  const text = target.tool === undefined ? target.server : `${target.server}/${target.tool}`;
  // an isolation that holds nothing back would be believed to
  if (readGatewayName(text, known, prefixes) !== undefined) {
    throw new GuardError('usage', `\`${text}\` is the name of a tool behind a gateway, and no server`, {
      hint: explainTarget(text, known, prefixes),
    });
  }
  if (order === 'isolate') return;
  if (!isKnown) {
    throw new GuardError('usage', `there is no server \`${target.server}\` to ${order}`, {
      hint: suggestName(target.server, known),
    });
  }
  const { tool } = target;
  if (tool === undefined || order === 'open') return;
  const tools = boards.read(target.server).tools.map((entry) => entry.tool);
  if (tools.includes(tool)) return;
  throw new GuardError('usage', `\`${target.server}\` has no breaker for a tool \`${tool}\`: nothing to ${order}`, {
    hint: suggestName(tool, tools),
  });
}

type Outcome =
  | {
      readonly kind: 'done';
      readonly before: Board;
      readonly board: Board;
      readonly transitions: readonly BoardTransition[];
    }
  | { readonly kind: 'failed'; readonly why: string };

function carryOut(order: Order, { server }: Target, { boards, store, storeFault }: OrderContext): Promise<Outcome> {
  return new Promise((resolve) => {
    let before: Board | undefined;
    let transitions: readonly BoardTransition[] = [];
    store.update(
      server,
      (current, now, random) => {
        const settingsOf = (tool: string | undefined) => boards.settingsOf(server, tool);
        const reduction = orderBoard(current, order, { now, random, settingsOf });
        before = current;
        transitions = reduction.transitions;
        return reduction.board;
      },
      (board) => {
        const last = transitions.at(-1)?.transition;
        if (board === undefined || before === undefined) {
          resolve({ kind: 'failed', why: storeFault() ?? 'the state directory cannot be written' });
        } else if (last !== undefined && stateOf(board, order.tool).epoch < last.epoch) {
          // a board of so many tools that are out takes no other: what was reduced is not what holds
          resolve({ kind: 'failed', why: 'too many tools of this server are out: no room for another' });
        } else resolve({ kind: 'done', before, board, transitions });
      },
    );
  });
}

/** @returns the records of the transitions @throws GuardError audit_unwritable */
function recordOutcome(
  outcome: Outcome,
  asked: Readonly<Record<string, string | null>>,
  trail: OneShotTrail,
  ref: string,
): readonly string[] {
  try {
    if (outcome.kind === 'failed') {
      trail.record('breaker_order', { stage: 'failed', ...asked, asked: ref, why: outcome.why });
      return [];
    }
    if (outcome.transitions.length === 0) trail.record('breaker_order', { stage: 'unchanged', ...asked, asked: ref });
    return outcome.transitions.map((transition) => trail.record('breaker', recordTransition(transition)));
  } catch (error) {
    if (outcome.kind === 'failed' || !(error instanceof GuardError)) throw error;
    throw new GuardError(
      'audit_unwritable',
      `the order is carried out, but only that it was given is on record: ${error.message}`,
      {
        cause: error,
        hint: `see \`mcp-guard audit show ${ref}\``,
      },
    );
  }
}

function failure(order: Order['order'], target: Target, why: string, ref: string): GuardError {
  return new GuardError('state_unusable', `could not ${order} \`${showTarget(target)}\`: ${why}`, {
    hint: `nothing has changed; it is on record as \`${ref}\``,
  });
}

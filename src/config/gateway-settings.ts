// How a server stands behind a gateway: its prefix, when it is started and stopped; and what of that cannot be. Works on an unchecked
// document where it checks, so that its findings come together with those of the schema.
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, isPlainObject, showPath } from './json-path.ts';
import type { ServerDocument } from './schema.ts';

export interface GatewayPolicy {
  /** Before every name of a tool or prompt, separator included; may be empty. */
  readonly prefix: string;
  readonly start: 'eager' | 'on-demand';
  readonly startTimeoutMs: number;
  /** Infinity for never. */
  readonly idleStopMs: number;
}

const SEPARATOR = '__';
const START_TIMEOUT_MS = 5_000;
/** What the specification allows in the name of a tool (2025-11-25, "Tool Names"). */
const LEGAL = /^[A-Za-z0-9_.-]*$/;

export function readGatewaySettings(
  id: string,
  { prefix, separator, start, startTimeoutMs, idleStopMs }: ServerDocument,
): GatewayPolicy {
  return {
    prefix: wholePrefix(id, prefix, separator),
    start: start ?? 'eager',
    startTimeoutMs: startTimeoutMs ?? START_TIMEOUT_MS,
    idleStopMs: idleStopMs ?? Number.POSITIVE_INFINITY,
  };
}

/** One that is empty has nothing to separate. */
function wholePrefix(id: string, prefix = id, separator = SEPARATOR): string {
  return prefix === '' ? '' : `${prefix}${separator}`;
}

/** Two servers with one prefix: whose tool would be called is a guess, so it is an error that names both. */
export function checkPrefixes(document: unknown, report: (diagnostic: Diagnostic) => void): void {
  const owners = new Map<string, string>();
  const servers = isPlainObject(document) ? document.servers : undefined;
  for (const [id, server] of entriesOf(servers)) {
    const { prefix, separator } = isPlainObject(server) ? server : {};
    for (const [key, value] of [
      ['prefix', prefix],
      ['separator', separator],
    ] as const) {
      if (typeof value !== 'string' || LEGAL.test(value)) continue;
      report({
        path: showPath(['servers', id, key]),
        what: 'not every character may stand in the name of a tool',
        why: 'hosts and servers refuse such names',
        mend: 'use letters, digits, `_`, `-` and `.`',
      });
    }
    const whole = wholePrefix(id, textOf(prefix), textOf(separator));
    const owner = owners.get(whole);
    if (owner === undefined) owners.set(whole, id);
    else {
      report({
        path: showPath(['servers', id, 'prefix']),
        what:
          whole === ''
            ? `\`${owner}\` has no prefix either`
            : `\`${owner}\` has the same prefix, \`${whole.slice(0, 80)}\``,
        why: 'behind one gateway nobody could say whose tool is called',
        mend: 'give one of the two another `prefix` (at most one server may have an empty one)',
      });
    }
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

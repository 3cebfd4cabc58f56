// What a schema cannot say: values that must fit together. Works on an unchecked document, so that its findings come
// together with those of the schema. Knows no file and no default.
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, isPlainObject, showPath, valueAt } from './json-path.ts';
import { DEFAULTS } from './policy.ts';
import type { JsonPath } from './read-shape.ts';

type Report = (diagnostic: Diagnostic) => void;

export function checkSemantics(document: unknown, report: Report): void {
  checkOrder(document, ['shutdown'], 'termAfterMs', 'killAfterMs', report);
  const logFile = valueAt(document, ['log', 'file']);
  if (typeof logFile === 'string' && logFile.includes('${')) {
    report({
      path: 'log.file',
      what: 'variables are not expanded here',
      why: 'only `command`, `args`, `cwd` and `env` of a server take them',
      mend: 'write an absolute path, or one that counts from the directory of this file',
    });
  }
  const servers = isPlainObject(document) ? document.servers : undefined;
  for (const [id, server] of entriesOf(servers)) {
    const path = ['servers', id];
    checkDeadlines(document, path, report, DEFAULTS.deadline.hardMs);
    checkOrder(document, [...path, 'restart'], 'firstDelayMs', 'maxDelayMs', report);
    checkReach(document, path, report);
    if (isPlainObject(server) && !Object.hasOwn(server, 'command') && !Object.hasOwn(server, 'url')) {
      report({
        path: showPath([...path, 'command']),
        what: 'required key is missing',
        why: 'there is nothing to start',
        mend: 'add the command of the server, as `"npx"`',
      });
    }
  }
}

/** Domains, and the one level that keeps to them. With tenants it is for what each has (check-tenant-views.ts, and the start). */
function checkReach(document: unknown, path: JsonPath, report: Report): void {
  const network = valueAt(document, [...path, 'isolation', 'network']);
  if (valueAt(document, ['tenants']) !== undefined || network === undefined || network === false) return;
  const isStrongest = valueAt(document, [...path, 'isolation', 'required']) === 'L3';
  if (Array.isArray(network) === isStrongest) return;
  report({
    path: showPath([...path, 'isolation', 'network']),
    what: isStrongest ? '`true` is every domain, and `L3` keeps to named ones' : 'domains hold at `L3` only',
    why: 'the server would not be started',
    mend: isStrongest ? 'list the domains, or require `L2`' : 'set `required` to `L3` beside it',
  });
}

/** Those of the server at `path` and of its tools. @param silent what holds where no `hardMs` is written */
export function checkDeadlines(document: unknown, path: JsonPath, report: Report, silent?: number): void {
  checkOrder(document, [...path, 'deadline'], 'idleMs', 'hardMs', report, silent);
  const hardMs = valueAt(document, [...path, 'deadline', 'hardMs']) ?? silent;
  for (const [pattern] of entriesOf(valueAt(document, [...path, 'tools']))) {
    checkOrder(document, [...path, 'tools', pattern, 'deadline'], 'idleMs', 'hardMs', report, hardMs);
  }
}

/** `lower` must not be above `upper`; either may be absent. @param silent what holds where `upper` is not written */
function checkOrder(
  document: unknown,
  path: JsonPath,
  lower: string,
  upper: string,
  report: Report,
  silent?: unknown,
): void {
  const low = valueAt(document, [...path, lower]);
  const high = valueAt(document, [...path, upper]) ?? silent;
  if (typeof low !== 'number' || typeof high !== 'number' || low <= high) return;
  report({
    path: showPath([...path, lower]),
    what: `\`${low}\` is above \`${upper}\` (\`${high}\`)`,
    why: `\`${upper}\` would always come first`,
    mend: `make \`${lower}\` at most \`${upper}\``,
  });
}

const MAX_NODES = 100_000;
const MAX_DEPTH = 64;

/**
 * Bounds the work that the schema will do and finds what it would pass over: `__proto__` as a key. YAML aliases count
 * each time they are used, so that a small file cannot stand for a huge tree. Returns false where the document must
 * not be looked at any further.
 */
export function checkTree(document: unknown, report: Report): boolean {
  let nodes = 0;
  const walk = (value: unknown, path: JsonPath): boolean => {
    nodes += 1;
    if (nodes > MAX_NODES || path.length > MAX_DEPTH) {
      report({
        path: '(document)',
        what: nodes > MAX_NODES ? `more than ${MAX_NODES} values` : `nested deeper than ${MAX_DEPTH} levels`,
        why: 'no config needs that, and reading it could take for ever',
        mend: 'write a smaller file without nested YAML aliases',
      });
      return false;
    }
    if (Array.isArray(value)) return value.every((child, index) => walk(child, [...path, index]));
    return entriesOf(value).every(([key, child]) => {
      if (key !== '__proto__') return walk(child, [...path, key]);
      report({
        path: showPath([...path, key]),
        what: 'illegal key',
        why: 'it has a meaning of its own',
        mend: 'remove it',
      });
      return true;
    });
  };
  return walk(document, []);
}

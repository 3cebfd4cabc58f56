// What is wrong with the target of a rule: a name that nothing can have, a method that no such rule is ever asked about. Knows the methods
// of the protocol; a method of an extension is no error.
import { compilePattern } from '../policy/pattern.ts';
import { isDisguised } from '../policy/scope/method-readings.ts';
import type { TargetKind } from '../policy/scope/scope-policy.ts';
import { REQUEST_METHODS } from '../wire/protocol-keys.ts';
import { hasUnsafeUnit } from '../wire/request-id.ts';
import type { Diagnostic } from './diagnostics.ts';
import { showPath } from './json-path.ts';
import { nearestWord } from './nearest-word.ts';
import type { JsonPath } from './read-shape.ts';

/** What a server may ask of a client, all revisions together. */
const SERVER_REQUESTS = ['sampling/createMessage', 'elicitation/create', 'roots/list'];
/** What stands before the first `/` in names that MCP gives out: an extension has another. */
const NAMESPACES: ReadonlySet<string> = new Set([...REQUEST_METHODS, 'notifications/'].map(namespaceOf));

type Fault = Omit<Diagnostic, 'path'>;

/** @param path of the target itself: its last but second step tells a denial from a grant */
export function checkTarget(
  kind: TargetKind,
  pattern: string,
  path: JsonPath,
  report: (found: Diagnostic) => void,
): void {
  const tell = (fault: Fault | undefined): void => {
    if (fault !== undefined) report({ path: showPath(path), ...fault });
  };
  if (hasUnsafeUnit(pattern)) {
    tell({
      what: 'holds a character that no name can have',
      why: 'names with half a surrogate pair or a line separator are refused, so this would match nothing',
      mend: 'remove it',
    });
  }
  if (kind === 'method') tell(faultOfMethod(pattern, path.at(-3) === 'deny'));
  if (kind === 'request') tell(faultOfRequest(pattern));
}

function faultOfMethod(pattern: string, isDenial: boolean): Fault | undefined {
  const mend = 'grant the `tool`, `resource` or `prompt`, or the `request` that the server asks of the client';
  if (REQUEST_METHODS.has(pattern)) {
    return {
      what: `\`${pattern}\` is a method of the protocol`,
      why: 'what it reaches is granted by name, and `method` is for methods that MCP does not define',
      mend,
    };
  }
  const isWild = /[*?]/.test(pattern);
  if (!isWild && isDisguised(pattern)) {
    return {
      what: `\`${shorten(pattern)}\` reads as a method of the protocol`,
      why: 'a request of such a method is refused, whatever is granted',
      mend,
    };
  }
  if (namespaceOf(pattern) === 'notifications') {
    return {
      what: `\`${shorten(pattern)}\` is about notifications`,
      why: 'those pass without a grant, and no rule is asked about them',
      mend: 'remove it',
    };
  }
  if (isDenial || !isWild || !NAMESPACES.has(namespaceOf(pattern))) return undefined;
  return {
    what: `\`${shorten(pattern)}\` reaches no method of the protocol, only what else a server calls so`,
    why: 'what the methods of the protocol reach is granted by name',
    mend: `${mend}; what MCP does not define there, write as its whole name`,
  };
}

/** Of a name or pattern of requests of the server; undefined: there may be such. */
export function faultOfRequest(pattern: string): Fault | undefined {
  if (SERVER_REQUESTS.some(compilePattern(pattern).matches)) return undefined;
  const isWild = /[*?]/.test(pattern);
  const isNamed = pattern.includes('/') ? NAMESPACES.has(namespaceOf(pattern)) : !isWild;
  const near = SERVER_REQUESTS.find((one) => namespaceOf(one) === pattern) ?? nearestWord(pattern, SERVER_REQUESTS);
  // an extension may bring any other
  if (!isNamed && (isWild || near === undefined)) return undefined;
  if (pattern === 'ping' || namespaceOf(pattern) === 'tasks') {
    return { what: `\`${shorten(pattern)}\` needs no grant`, why: 'no rule is asked about it', mend: 'remove it' };
  }
  return {
    what: `\`${shorten(pattern)}\` is no method of the protocol that a server asks of its client`,
    why: 'the rule would match nothing',
    mend:
      near === undefined
        ? `write one of ${SERVER_REQUESTS.map((one) => `\`${one}\``).join(', ')}`
        : `did you mean \`${near}\`?`,
  };
}

function namespaceOf(method: string): string {
  return method.split('/', 1)[0] ?? '';
}

function shorten(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}

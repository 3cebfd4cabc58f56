// What a person asks about, as the request that a client or a server would send. Knows no policy.

import { faultOfRequest } from '../config/check-target.ts';
import type { RequestView } from '../core/interceptor.ts';
import { GuardError } from '../guard-error.ts';
import type { TargetKind } from '../policy/scope/scope-policy.ts';
import { isJsonObject, type Json, type JsonObject } from '../wire/json.ts';
import { REQUEST_METHODS } from '../wire/protocol-keys.ts';

export interface Question {
  readonly server: string;
  readonly kind: TargetKind;
  readonly name: string;
  /** Undefined: none are given. Of tools and prompts only. */
  readonly args: JsonObject | undefined;
}

export interface QuestionWords {
  readonly server: string;
  readonly tool?: string | undefined;
  readonly resource?: string | undefined;
  readonly prompt?: string | undefined;
  readonly request?: string | undefined;
  /** Of the client, beyond the protocol. */
  readonly method?: string | undefined;
  /** JSON. */
  readonly args?: string | undefined;
}

/** @throws GuardError usage */
export function readQuestion(words: QuestionWords): Question {
  const { server, tool, resource, prompt, request, method } = words;
  const named = Object.entries({ tool, resource, prompt, request, method }).flatMap(
    ([kind, name]) => (name === undefined ? [] : [{ kind: kind as TargetKind, name }]), // a key of this very literal
  );
  const [first] = named;
  if (first === undefined || named.length > 1) {
    const what = first === undefined ? 'nothing is asked about' : 'one question is about one thing';
    throw new GuardError('usage', what, {
      hint: 'give one of `<tool>`, `--resource URI`, `--prompt NAME`, `--request METHOD`, `--method METHOD`',
    });
  }
  if (first.kind === 'method' && REQUEST_METHODS.has(first.name)) {
    throw new GuardError('usage', `\`${first.name}\` is a method of the protocol`, {
      hint: 'ask about what it reaches: `<tool>`, `--resource URI` or `--prompt NAME`',
    });
  }
  if (first.kind === 'method' && first.name.startsWith('notifications/')) {
    throw new GuardError('usage', `\`${first.name}\` is a notification`, {
      hint: 'no scope is asked about those: they pass without a grant',
    });
  }
  const fault = first.kind === 'request' && !isFree(first.name) ? faultOfRequest(first.name) : undefined;
  if (fault !== undefined) throw new GuardError('usage', fault.what, { hint: fault.mend });
  if (words.args !== undefined && first.kind !== 'tool' && first.kind !== 'prompt') {
    throw new GuardError('usage', `a ${first.kind} has no arguments`, { hint: 'leave out `--args`' });
  }
  return { server, ...first, args: words.args === undefined ? undefined : readArguments(words.args) };
}

/** What a server may ask in any case: a question about it has an answer. */
function isFree(method: string): boolean {
  return method === 'ping' || method.startsWith('tasks/');
}

export function requestFor({ server, kind, name, args }: Question): RequestView {
  const base = { asked: 'client', upstream: server, tool: undefined, modern: false } as const;
  const params: JsonObject = args === undefined ? { name } : { name, arguments: args };
  switch (kind) {
    case 'tool':
      return { ...base, method: 'tools/call', tool: name, params };
    case 'prompt':
      return { ...base, method: 'prompts/get', params };
    case 'resource':
      return { ...base, method: 'resources/read', params: { uri: name } };
    case 'request':
      return { ...base, asked: 'server', method: name, params: {} };
    case 'method':
      return { ...base, method: name, params: {} };
  }
}

function readArguments(text: string): JsonObject {
  let value: Json | undefined;
  try {
    value = JSON.parse(text); // untyped input enters here
  } catch {
    value = undefined;
  }
  if (isJsonObject(value)) return value;
  throw new GuardError('usage', '`--args` is no JSON object', { hint: 'write it as `--args \'{"path": "/tmp/x"}\'`' });
}

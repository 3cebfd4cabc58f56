// Keeps the record of a task-augmented call open until the task's terminal payload has gone by.
// 2025-11-25: `tasks/result` brings it. 2026-07-28 extension: `tasks/get` and `notifications/tasks` carry it inline.
import type { IntentEntry } from '../audit/entry.ts';
import { isJsonObject, type Json, type JsonObject, objectAt, stringAt } from '../wire/json.ts';
import { INVALID_PARAMS } from '../wire/reply.ts';
import type { UpstreamId } from './events.ts';

const MOST_TASKS = 4096;
const LONGEST_ID = 1024;
/** With `INVALID_PARAMS`: a task that the server does not know, never seen or expired (2025-11-25). */
const UNKNOWN_TASK = /not found|expired|unknown task|no such task|does(?: not|n't) exist/i;
const TERMINAL = new Set(['completed', 'failed', 'cancelled']);

interface TaskPayload {
  readonly result?: Json | undefined;
  readonly error?: Json | undefined;
}

/** How a task ended that an earlier answer announced. */
export interface TaskEnd {
  readonly intent: IntentEntry;
  readonly taskId: string;
  readonly settlement: 'result' | 'error' | 'cancelled';
  readonly errorCode: number | undefined;
  readonly isError: boolean | undefined;
  /** The line that says so is also the answer to a request. */
  readonly isAnswer: boolean;
}

export class OpenTasks {
  readonly #intents = new Map<string, IntentEntry>();
  /** Of those: the server has said that they are over. INVARIANT: a subset of the keys of `#intents`. */
  readonly #over = new Set<string>();

  /** The task that a result announces, if it does. */
  static announcedBy(result: JsonObject): string | undefined {
    return (
      stringAt(objectAt(result, 'task'), 'taskId') ??
      (stringAt(result, 'resultType') === 'task' ? stringAt(result, 'taskId') : undefined)
    );
  }

  hasAny(upstream: UpstreamId): boolean {
    const prefix = key(upstream, '');
    for (const one of this.#intents.keys()) if (one.startsWith(prefix)) return true;
    return false;
  }

  open(upstream: UpstreamId, taskId: string, intent: IntentEntry): void {
    // A name that long is no name: its record stays without an end, and the guard's memory its own.
    if (taskId.length > LONGEST_ID) return;
    // Bounded: a server that announces tasks for ever loses the record of its oldest, not the guard's memory.
    if (this.#intents.size >= MOST_TASKS) {
      const oldest = this.#intents.keys().next();
      if (oldest.done !== true) this.#forget(oldest.value);
    }
    // The payload is on disk already, and would keep a whole chunk of the stream in memory.
    this.#forget(key(upstream, taskId));
    this.#intents.set(key(upstream, taskId), { ...intent, payload: undefined });
  }

  /**
   * The intent that ends with this answer to a `tasks/*` request, where it does. Each is given out once. INVARIANT: an error ends
   * none that may still be at work ("not ready yet").
   */
  endedByAnswer(
    upstream: UpstreamId,
    method: string,
    params: JsonObject | undefined,
    { result, error }: { readonly result?: Json | undefined; readonly error?: JsonObject | undefined },
  ): TaskEnd | undefined {
    const taskId = stringAt(params, 'taskId');
    if (taskId === undefined) return undefined;
    const end = (payload: TaskPayload): TaskEnd | undefined => this.#take(upstream, taskId, payload, true);
    const isResult = method === 'tasks/result';
    if (!isResult && method !== 'tasks/get' && method !== 'tasks/cancel') return undefined;
    if (error !== undefined) {
      const isOver = isResult && this.#over.has(key(upstream, taskId));
      return isOver || isUnknown(params, error) ? end({ error }) : undefined;
    }
    if (isResult) return end({ result });
    if (!isJsonObject(result)) return undefined;
    this.#note(upstream, taskId, result);
    return isTerminal(result) ? end(result) : undefined;
  }

  endedByNotification(upstream: UpstreamId, method: string, params: JsonObject | undefined): TaskEnd | undefined {
    if (method !== 'notifications/tasks' && method !== 'notifications/tasks/status') return undefined;
    const taskId = stringAt(params, 'taskId');
    if (taskId === undefined || params === undefined) return undefined;
    this.#note(upstream, taskId, params);
    return isTerminal(params) ? this.#take(upstream, taskId, params, false) : undefined;
  }

  #note(upstream: UpstreamId, taskId: string, task: JsonObject): void {
    const name = key(upstream, taskId);
    if (this.#intents.has(name) && TERMINAL.has(stringAt(task, 'status') ?? '')) this.#over.add(name);
  }

  #forget(name: string): void {
    this.#intents.delete(name);
    this.#over.delete(name);
  }

  /** @param end where the terminal payload stands: as `result` or `error` */
  #take(upstream: UpstreamId, taskId: string, end: TaskPayload, isAnswer: boolean): TaskEnd | undefined {
    const intent = this.#intents.get(key(upstream, taskId));
    this.#forget(key(upstream, taskId));
    if (intent === undefined) return undefined;
    const { result, error } = end;
    if (error !== undefined) {
      const code = isJsonObject(error) ? error.code : undefined;
      const errorCode = typeof code === 'number' ? code : undefined;
      return { intent, taskId, settlement: 'error', errorCode, isError: undefined, isAnswer };
    }
    if (result === undefined)
      return { intent, taskId, settlement: 'cancelled', errorCode: undefined, isError: undefined, isAnswer };
    const isError = isJsonObject(result) && result.isError === true;
    return { intent, taskId, settlement: 'result', errorCode: undefined, isError, isAnswer };
  }
}

// A legacy task that has completed or failed still owes its payload, which `tasks/result` brings: only a cancelled one owes nothing.
function isTerminal(task: JsonObject): boolean {
  const status = stringAt(task, 'status');
  if (status === undefined || !TERMINAL.has(status)) return false;
  return status === 'cancelled' || Object.hasOwn(task, 'result') || Object.hasOwn(task, 'error');
}

/** What is asked must be plain: a malformed question may earn an error with the same code. attacker-controlled, on both sides */
function isUnknown(params: JsonObject | undefined, error: JsonObject): boolean {
  const isPlain = Object.keys(params ?? {}).every((one) => one === 'taskId' || one === '_meta');
  return isPlain && error.code === INVALID_PARAMS && UNKNOWN_TASK.test(stringAt(error, 'message') ?? '');
}

function key(upstream: UpstreamId, taskId: string): string {
  return `${upstream}\n${taskId}`;
}

// What servers ask the client: every server counts its ids and progress tokens from the same number, so the client sees ids of the
// gateway's own, and each answer finds the one server that asked. Pure bookkeeping.
import { isJsonObject, type Json, objectAt, stringAt } from '../../wire/json.ts';
import type { Line, RequestId, RequestMessage, ResponseMessage } from '../../wire/message.ts';
import { tokenOf } from '../new-exchange.ts';
import { ClientTasks } from './client-tasks.ts';
import type { LaneId } from './events.ts';
import type { Lane } from './lane.ts';
import type { Change } from './rewrite.ts';

interface Question {
  readonly lane: Lane;
  /** The server's own. */
  readonly id: RequestId;
  readonly method: string;
  readonly token: RequestId | undefined;
  readonly outerToken: string | undefined;
}

export class Questions {
  readonly #tag: string;
  #next = 0;
  readonly #open = new Map<string, Question>();
  readonly #tokens = new Map<string, Question>();
  readonly #byLane = new Map<Lane, Map<RequestId, string>>();
  readonly #tasks = new ClientTasks();

  constructor(tag: string) {
    this.#tag = tag;
  }

  /** What changes in a question on its way to the client. Ids are strings that are no numbers: SDKs apply `Number(id)`. */
  ask(lane: Lane, { message }: Line<RequestMessage>): Change[] {
    this.#next += 1;
    const outer = `mcp-guard/${this.#tag}/${lane.id}/${this.#next}`;
    const token = tokenOf(objectAt(message.params, '_meta'));
    const outerToken = token === undefined ? undefined : `${outer}/progress`;
    const question: Question = { lane, id: message.id, method: message.method, token, outerToken };
    this.#open.set(outer, question);
    if (outerToken !== undefined) this.#tokens.set(outerToken, question);
    let ids = this.#byLane.get(lane);
    if (ids === undefined) {
      ids = new Map();
      this.#byLane.set(lane, ids);
    }
    ids.set(message.id, outer);
    lane.openQuestions += 1;
    const changes: Change[] = [{ path: ['id'], value: outer }];
    if (outerToken !== undefined) changes.push({ path: ['params', '_meta', 'progressToken'], value: outerToken });
    return changes;
  }

  /** The server that waits for this answer, once. */
  answer({ message }: Line<ResponseMessage>): Pick<Question, 'lane' | 'id' | 'method'> | undefined {
    const question = typeof message.id === 'string' ? this.#take(message.id) : undefined;
    if (question === undefined) return undefined;
    const taskId = isJsonObject(message.result) ? stringAt(objectAt(message.result, 'task'), 'taskId') : undefined;
    if (taskId !== undefined) this.#tasks.note(taskId, question.lane.id);
    return question;
  }

  /** The client reports on a question. */
  progress(token: RequestId): { readonly lane: Lane; readonly token: RequestId } | undefined {
    const question = typeof token === 'string' ? this.#tokens.get(token) : undefined;
    return question?.token === undefined ? undefined : { lane: question.lane, token: question.token };
  }

  /** The server takes a question back. @returns the id that the client knows it by */
  takeBack(lane: Lane, id: RequestId): string | undefined {
    const outer = this.#byLane.get(lane)?.get(id);
    if (outer !== undefined) this.#take(outer);
    return outer;
  }

  /** Its session is over: nobody waits for these answers any more, two under one id included. */
  forget(lane: Lane): void {
    for (const [outer, question] of [...this.#open]) if (question.lane === lane) this.#take(outer);
  }

  ownerOfTask(taskId: string): LaneId | undefined {
    return this.#tasks.ownerOf(taskId);
  }

  /**
   * INVARIANT: a server hears of no task of the client that another one has caused: what a person answers to that one is none of
   * its business.
   */
  mayAsk(lane: Lane, { method, params }: RequestMessage): boolean {
    if (!method.startsWith('tasks/')) return true;
    const taskId = stringAt(params, 'taskId');
    return taskId === undefined ? method === 'tasks/list' : this.ownerOfTask(taskId) === lane.id;
  }

  /** What changes in the client's list of its tasks on its way to a server. */
  ownTasks(lane: Lane, { message }: Line<ResponseMessage>): Change[] {
    const tasks = isJsonObject(message.result) ? message.result.tasks : undefined;
    if (tasks === undefined) return [];
    const isOwn = (task: Json): boolean =>
      isJsonObject(task) && this.ownerOfTask(stringAt(task, 'taskId') ?? '') === lane.id;
    return [{ path: ['result', 'tasks'], value: Array.isArray(tasks) ? tasks.filter(isOwn) : [] }];
  }

  #take(outer: string): Question | undefined {
    const question = this.#open.get(outer);
    if (question === undefined) return undefined;
    this.#open.delete(outer);
    question.lane.openQuestions -= 1;
    if (question.outerToken !== undefined) this.#tokens.delete(question.outerToken);
    const ids = this.#byLane.get(question.lane);
    if (ids?.get(question.id) === outer) ids.delete(question.id);
    return question;
  }
}

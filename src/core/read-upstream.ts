// What the record needs to know of a line that a server sent: how an answer went, and who asks. Pure; settles nothing.
import { isJsonObject, objectAt, stringAt } from '../wire/json.ts';
import type { Line, RequestMessage, ResponseMessage } from '../wire/message.ts';
import { UNKNOWN_MODEL } from './attribution.ts';
import type { Answer, Attribution } from './entries.ts';
import type { Exchange } from './exchange.ts';
import { OpenTasks } from './tasks.ts';

export function readAnswer(exchange: Exchange, line: Line<ResponseMessage>): Answer {
  const { result, error } = line.message;
  if (error !== undefined) {
    const code = error.code;
    return {
      line,
      errorCode: typeof code === 'number' ? code : undefined,
      isError: undefined,
      resultType: undefined,
      taskId: undefined,
    };
  }
  if (exchange.view.tool === undefined || !isJsonObject(result)) {
    return { line, errorCode: undefined, isError: undefined, resultType: undefined, taskId: undefined };
  }
  const taskId = OpenTasks.announcedBy(result);
  const ttl = taskId === undefined ? undefined : (objectAt(result, 'task') ?? result).ttl;
  const taskTtlMs = typeof ttl === 'number' ? ttl : undefined;
  const resultType = stringAt(result, 'resultType') ?? (taskId === undefined ? undefined : 'task');
  return { line, errorCode: undefined, isError: result.isError === true, resultType, taskId, taskTtlMs };
}

export function taskFailed(line: Line<ResponseMessage>): boolean | undefined {
  const { result } = line.message;
  if (!isJsonObject(result)) return undefined;
  return result.isError === true || objectAt(result, 'result')?.isError === true;
}

export function whoAsks(line: Line<RequestMessage>, client: string | undefined): Attribution {
  return { client, model: UNKNOWN_MODEL, correlation: undefined, subject: stringAt(line.message.params, 'uri') };
}

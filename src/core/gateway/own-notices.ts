// What a server may tell the client of: nothing that another server has. Knows no client and no stream; what is nobody's passes.
import { isJsonObject, type JsonObject, objectAt, stringAt } from '../../wire/json.ts';
import type { NotificationMessage, ResponseMessage } from '../../wire/message.ts';
import type { Lane } from './lane.ts';
import type { ResourceRoutes } from './resource-routes.ts';

/** The error that sends a person to a page (2025-11-25). */
const URL_ELICITATION_REQUIRED = -32042;

/** @returns why it is not passed on; undefined: it is */
export function whyForeign(
  lane: Lane,
  { method, params }: NotificationMessage,
  routes: ResourceRoutes,
  lanes: readonly Lane[],
): string | undefined {
  if (method === 'notifications/resources/updated') {
    const uri = stringAt(params, 'uri') ?? '';
    const owner = lane.subscriptions.has(uri) ? lane : routes.of(uri);
    return owner === undefined || owner === lane ? undefined : 'it tells of a resource of another server';
  }
  if (method === 'notifications/elicitation/complete') {
    const id = stringAt(params, 'elicitationId') ?? '';
    const isOthers = !lane.elicitations.has(id) && lanes.some((one) => one.elicitations.has(id));
    return isOthers ? 'it ends what another server has asked' : undefined;
  }
  return undefined;
}

/** A question of the server's: what it may say to be complete later. */
export function noteElicitation(lane: Lane, params: JsonObject | undefined): void {
  const id = stringAt(params, 'elicitationId');
  if (id !== undefined) lane.noteElicitation(id);
}

/** False where a line asks for nothing: then it needs not be read. */
export function maySendToPage(bytes: Buffer): boolean {
  return bytes.includes(String(URL_ELICITATION_REQUIRED));
}

export function noteRequired(lane: Lane, { error }: ResponseMessage): void {
  if (error?.code !== URL_ELICITATION_REQUIRED) return;
  const all = objectAt(error, 'data')?.elicitations;
  for (const one of Array.isArray(all) ? all : []) if (isJsonObject(one)) noteElicitation(lane, one);
}

// What clients, servers and a new config say to a gateway in several of its tests: greetings, lists of tools, lanes. Expects nothing.
import type { LaneSettings } from '../../../src/core/gateway/settings.ts';
import { ALL, type GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';

export const CHANGED = 'notifications/tools/list_changed';

export const tools = (...names: string[]) => names.map((name) => ({ name, inputSchema: { type: 'object' } }));

export const list = (id: number, cursor?: string): Message => ({
  id,
  method: 'tools/list',
  ...(cursor === undefined ? {} : { params: { cursor } }),
});

/** Of the tools in an answer to `list`. */
export const namesOf = (message: Message = {}) =>
  ((message.result as Message).tools as Message[]).map(({ name }) => name);

export const cursorOf = (message: Message = {}) => (message.result as Message).nextCursor as string;

/** A server's answer to a greeting. */
export const welcome = (id: unknown = 0): Message => ({
  id,
  result: { protocolVersion: '2025-11-25', capabilities: ALL, serverInfo: { name: 's', version: '1' } },
});

/** From now on the config has these servers. @param renewed those that are started anew */
export const are = (play: GatewayPlaybook, lanes: readonly (string | LaneSettings)[], ...renewed: readonly string[]) =>
  play.event({
    type: 'lanes_are',
    lanes: lanes.map((one) => (typeof one === 'string' ? laneSettings(one) : one)),
    renewed: new Set(renewed),
  });

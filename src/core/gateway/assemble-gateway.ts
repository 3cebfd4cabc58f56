// Puts the rooms of one gateway together: who is told of what by whom. Takes no event, and knows no order of them.
import type { GuardVoice } from '../guard-voice.ts';
import { Asks } from './asks.ts';
import { ChangedLists } from './changed-lists.ts';
import { ClientInput } from './client-input.ts';
import { ClientMemory } from './client-memory.ts';
import { ClientNotes } from './client-notes.ts';
import { ClientRequests } from './client-requests.ts';
import { FanOuts } from './fan-outs.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { Greetings } from './greetings.ts';
import { LaneChanges } from './lane-changes.ts';
import type { LaneHooks } from './lane-hooks.ts';
import { LaneLines } from './lane-lines.ts';
import { LaneTable } from './lane-table.ts';
import { Lanes } from './lanes.ts';
import { Listens } from './listens.ts';
import { Lists } from './lists.ts';
import { OpenRequests } from './open-requests.ts';
import { Outbox } from './outbox.ts';
import { createOwnVoice } from './own-voice.ts';
import { Prefixes } from './prefixes.ts';
import { Questions } from './questions.ts';
import { Refusals } from './refusals.ts';
import { ResourceRoutes } from './resource-routes.ts';
import type { GatewaySettings } from './settings.ts';
import { ToOneLane } from './to-one-lane.ts';

/** What the rooms share, and those by which an event comes in. */
interface GatewayRooms {
  readonly parts: GatewayParts;
  readonly one: ToOneLane;
  readonly fromClient: ClientInput;
  readonly fromLanes: LaneLines;
  readonly voice: GuardVoice;
}

/** @throws RangeError where two lanes have one prefix, or one id */
export function assembleGateway(settings: GatewaySettings, hooks: Pick<LaneHooks, 'onUp' | 'onRefused'>): GatewayRooms {
  const outbox = new Outbox();
  const client = new ClientMemory();
  const requests = new OpenRequests(outbox, settings.tag);
  const table = new LaneTable(settings.lanes);
  const changed = new ChangedLists();
  const lanes: Lanes = new Lanes(
    settings,
    table,
    { outbox, requests, client },
    {
      onGreeted: (lane, result, answer) => greetings.onLane(lane, result, answer),
      onLeft: (lane) => changed.left(lane),
      ...hooks,
    },
  );
  const prefixes = new Prefixes(settings.lanes);
  const refusals = new Refusals(outbox, requests, client, prefixes);
  const routes = new ResourceRoutes(table.all, settings);
  const fans: FanOuts = new FanOuts(settings, { outbox, requests, lanes }, (lane, kind, line) =>
    lists.onLate(lane, kind, line),
  );
  const greetings: Greetings = new Greetings({
    ...{ settings, outbox, requests, lanes, fans, client },
    onGreeted: () => fromLanes.flush(),
  });
  const one = new ToOneLane({ settings, outbox, requests, lanes, refusals });
  const asks = new Asks({ outbox, requests, refusals }, settings.read, {
    send: ({ open, line }, lane, then) => one.trySend(open, line, lane, then),
    withdraw: (open, lane) => one.withdraw(open, lane),
  });
  const lists: Lists = new Lists({
    ...{ settings, outbox, requests, lanes, fans, prefixes, refusals, routes, changed },
    announces: (capability) => greetings.announces(capability),
  });
  const parts: GatewayParts = {
    ...{ settings, outbox, requests, client, table, lanes, prefixes, refusals, routes },
    changes: new LaneChanges({ settings, table, lanes, prefixes, routes, outbox, changed }),
    questions: new Questions(settings.tag),
    listens: new Listens({ outbox, requests, lanes, routes }),
    ...{ fans, lists, greetings, asks, changed },
  };
  const fromClient = new ClientInput(new ClientRequests(parts, one), new ClientNotes(parts), refusals);
  const fromLanes: LaneLines = new LaneLines(parts, one);
  return { parts, one, fromClient, fromLanes, voice: createOwnVoice(client) };
}

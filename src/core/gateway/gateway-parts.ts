// What the rooms of one gateway share. An interface, so that none of them has to know the gateway itself.
import type { Asks } from './asks.ts';
import type { ChangedLists } from './changed-lists.ts';
import type { ClientMemory } from './client-memory.ts';
import type { FanOuts } from './fan-outs.ts';
import type { Greetings } from './greetings.ts';
import type { LaneChanges } from './lane-changes.ts';
import type { LaneTable } from './lane-table.ts';
import type { Lanes } from './lanes.ts';
import type { Listens } from './listens.ts';
import type { Lists } from './lists.ts';
import type { OpenRequests } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import type { Prefixes } from './prefixes.ts';
import type { Questions } from './questions.ts';
import type { Refusals } from './refusals.ts';
import type { ResourceRoutes } from './resource-routes.ts';
import type { GatewaySettings } from './settings.ts';

export interface GatewayParts {
  readonly settings: GatewaySettings;
  readonly outbox: Outbox;
  readonly requests: OpenRequests;
  readonly client: ClientMemory;
  readonly table: LaneTable;
  readonly lanes: Lanes;
  readonly changes: LaneChanges;
  readonly prefixes: Prefixes;
  readonly refusals: Refusals;
  readonly routes: ResourceRoutes;
  readonly questions: Questions;
  readonly fans: FanOuts;
  readonly lists: Lists;
  readonly listens: Listens;
  readonly greetings: Greetings;
  readonly asks: Asks;
  readonly changed: ChangedLists;
}

// What can happen to a gateway, and what it wants done. A lane is one server behind the gateway, with a complete session of its
// own: the gateway is that session's client. Types only.
import type { AuditEntry } from '../../audit/entry.ts';
import type { LogLevel } from '../../ports/log.ts';
import type { Line } from '../../wire/message.ts';
import type { BatchAnswer } from '../batch.ts';
import type { BatchElement, RefusedLine } from '../events.ts';
import type { VoiceLevel } from '../guard-voice.ts';
import type { ListName } from '../interceptor.ts';
import type { LaneSettings } from './settings.ts';

/** The configured id of the server on this lane. */
export type LaneId = string;

export type GatewayEvent =
  | { readonly type: 'client_line'; readonly line: Line }
  | { readonly type: 'client_batch'; readonly elements: readonly BatchElement[] }
  | { readonly type: 'client_refused'; readonly refused: RefusedLine }
  | { readonly type: 'client_ended' }
  /** One line that the lane's session has for its client. INVARIANT: that session has read it strictly, or written it. */
  | { readonly type: 'lane_line'; readonly lane: LaneId; readonly bytes: Buffer }
  /** Its server has ended; the lane's session starts it again by itself. */
  | { readonly type: 'lane_away'; readonly lane: LaneId }
  | { readonly type: 'lane_back'; readonly lane: LaneId }
  /** Its server could not be started, or has ended too often: this session of the lane takes nothing any more. */
  | { readonly type: 'lane_gone'; readonly lane: LaneId; readonly why: string; readonly isLoop?: boolean }
  /** The lane's session is over, and everything of it has ended. */
  | { readonly type: 'lane_ended'; readonly lane: LaneId }
  /** Its server takes nothing more for now / takes again. */
  | { readonly type: 'lane_full'; readonly lane: LaneId }
  | { readonly type: 'lane_room'; readonly lane: LaneId }
  /** A list of the lane is another by a policy, or by its server being another one. */
  | { readonly type: 'lane_list'; readonly lane: LaneId; readonly list: ListName }
  /** Another config: the servers from now on, in the order of every list; of which another command starts the `renewed` ones. */
  | { readonly type: 'lanes_are'; readonly lanes: readonly LaneSettings[]; readonly renewed: ReadonlySet<LaneId> }
  /** A line of the guard's own log that the client may want to hear. */
  | { readonly type: 'guard_said'; readonly level: VoiceLevel; readonly text: string }
  /** Nothing happened but time. */
  | { readonly type: 'tick' };

export type GatewayEffect =
  | { readonly type: 'to_lane'; readonly lane: LaneId; readonly line: Line }
  | {
      readonly type: 'to_client';
      /** A function where the bytes name a record that has no place yet. */
      readonly bytes: Buffer | (() => Buffer);
      readonly batch: BatchAnswer | undefined;
    }
  /** A session of its own for the lane, with a new server. */
  | { readonly type: 'start_lane'; readonly lane: LaneId }
  /** As if the lane's client had closed its end: what is owed is answered, then the server ends. */
  | { readonly type: 'end_lane'; readonly lane: LaneId }
  /** Written before what follows it. */
  | { readonly type: 'record'; readonly entry: AuditEntry }
  | { readonly type: 'log'; readonly level: LogLevel; readonly text: string };

// What the client sends, told apart: requests, notifications, answers, and several of them in one array. Decides nothing about them.
import type { Line, NotificationMessage, RequestMessage, ResponseMessage } from '../../wire/message.ts';
import { BatchAnswer } from '../batch.ts';
import type { BatchElement } from '../events.ts';
import { isAnswerable } from './answerable.ts';
import type { ClientNotes } from './client-notes.ts';
import type { ClientRequests } from './client-requests.ts';
import type { Refusals } from './refusals.ts';

export class ClientInput {
  readonly #requests: ClientRequests;
  readonly #notes: ClientNotes;
  readonly #refusals: Refusals;

  constructor(requests: ClientRequests, notes: ClientNotes, refusals: Refusals) {
    this.#requests = requests;
    this.#notes = notes;
    this.#refusals = refusals;
  }

  onLine(line: Line, batch: BatchAnswer | undefined): void {
    const { message } = line;
    // `line.message` has just been narrowed; the line around it has not.
    if (message.kind === 'request') this.#requests.onLine(line as Line<RequestMessage>, batch);
    else if (message.kind === 'notification') this.#notes.onNotification(line as Line<NotificationMessage>);
    else this.#notes.onAnswer(line as Line<ResponseMessage>);
  }

  /** INVARIANT: an array is never forwarded; each element goes its own way, and one array answers them. */
  onBatch(elements: readonly BatchElement[]): void {
    const answerable = elements.filter(({ reading }) => isAnswerable(reading)).length;
    const batch = answerable === 0 ? undefined : new BatchAnswer(answerable);
    for (const { reading, payload } of elements) {
      if (reading.kind === 'message') {
        this.onLine(reading.line, reading.line.message.kind === 'request' ? batch : undefined);
      } else if (reading.kind === 'refused' || reading.kind === 'noise') {
        const refused = { refusal: reading.refusal, bytes: payload.bytes.length - 1, payload };
        this.#refusals.refuseLine(refused, batch);
      }
    }
  }
}

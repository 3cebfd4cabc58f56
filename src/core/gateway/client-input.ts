// What the client sends, told apart: requests, notifications, answers, and several of them in one array. Decides nothing about them.
import type { Line, NotificationMessage, RequestMessage, ResponseMessage } from '../../wire/message.ts';
import { type BatchAnswer, splitBatch } from '../batch.ts';
import type { BatchElement } from '../events.ts';
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

  onBatch(elements: readonly BatchElement[]): void {
    splitBatch(
      elements,
      (line, batch) => this.onLine(line, batch),
      (refused, batch) => this.#refusals.refuseLine(refused, batch),
    );
  }
}

// One session: one client, one server, every message an event, every consequence an effect. Synchronous and sans-I/O: no clock,
// no stream, no await. Dispatches only; what each kind of event means stands in the rooms beside it.
import type { Instant } from '../ports/clock.ts';
import { Chain } from './chain.ts';
import { ClientLines } from './client-lines.ts';
import { Deadlines } from './deadlines.ts';
import type { Effect } from './effects.ts';
import type { EndedBecause, SessionEvent, UpstreamExit, UpstreamId } from './events.ts';
import type { Exchange } from './exchange.ts';
import type { FaultReport } from './faults.ts';
import { GuardVoice } from './guard-voice.ts';
import { Handshake } from './handshake.ts';
import { type Interceptor, LIST_NAMES, type Resumption } from './interceptor.ts';
import { Ledger } from './ledger.ts';
import { tellObserved } from './observed.ts';
import type { SessionParts } from './session-parts.ts';
import type { SessionSettings } from './settings.ts';
import { Tally } from './tally.ts';
import { OpenTasks } from './tasks.ts';
import { tellListChanged } from './told-lists.ts';
import { tellDropped, tellNoise } from './undelivered.ts';
import { UpstreamLife } from './upstream-life.ts';
import { UpstreamLines } from './upstream-lines.ts';

/** Open for as long as the session: nobody waits for its end. */
const LISTEN = 'subscriptions/listen';

export class Session {
  readonly #parts: SessionParts;
  readonly #fromClient: ClientLines;
  readonly #fromUpstream: UpstreamLines;
  readonly #voice: GuardVoice;
  #clientHasLeft = false;
  #finished = false;

  constructor(settings: SessionSettings, interceptors: readonly Interceptor[], onFault: FaultReport) {
    const { upstream, tag } = settings;
    const ledger = new Ledger(new Chain(interceptors, onFault));
    const handshake = new Handshake();
    this.#voice = new GuardVoice(handshake);
    const deadlines = new Deadlines(ledger.table);
    this.#parts = {
      ledger,
      handshake,
      deadlines,
      tasks: new OpenTasks(),
      upstream,
      life: new UpstreamLife(upstream, ledger, handshake, deadlines, tag),
      model: settings.model,
      dropped: (from, server, why, now) => tellDropped(this.#parts, from, server, why, now),
      observed: (server, sight, now) => tellObserved(this.#parts, server, sight, now),
      tally: new Tally(),
      tellList: settings.tellList,
    };
    this.#fromClient = new ClientLines(this.#parts);
    this.#fromUpstream = new UpstreamLines(this.#parts);
  }

  /** Monotonic ms at which a `tick` is wanted; Infinity for never. */
  get wakeAtMs(): number {
    return Math.min(this.#parts.deadlines.lookAtMs, this.#parts.ledger.chain.wakeAtMs);
  }

  /** Requests of the client are open that a server which has heard the end of its input may still answer. */
  get owesAnswers(): boolean {
    return this.openList.some(({ view, internal }) => view.asked === 'client' && !internal && view.method !== LISTEN);
  }

  /** Requests of the client wait for a policy, or for the server to come back: it must not hear the end of its input before them. */
  get holdsRequests(): boolean {
    return this.openList.some(({ view, internal, sent }) => view.asked === 'client' && !internal && !sent);
  }

  /** How the client speaks to its server; `unknown` until it has shown that, and a greeting was accepted where it greets. */
  get era(): Handshake['era'] {
    const { era, accepted } = this.#parts.handshake;
    return era === 'legacy' && !accepted ? 'unknown' : era;
  }

  /** How its server ended, where it will not come back. */
  get lastExit(): UpstreamExit | undefined {
    return this.#parts.life.gone;
  }

  /** The exchanges that are open now: a copy. */
  get openList(): readonly Exchange[] {
    return this.#parts.ledger.table.all();
  }

  /** Takes one event. The effects are to be executed in order, before the next event of the same turn is lost. */
  handle(event: SessionEvent, now: Instant): Effect[] {
    switch (event.type) {
      case 'client_line':
        this.#fromClient.onLine(event.line, now);
        this.#finishIfGone();
        break;
      case 'upstream_line':
        this.#fromUpstream.onLine(event.upstream, event.line, now);
        break;
      case 'client_batch':
        this.#fromClient.onBatch(event.elements, now);
        this.#finishIfGone();
        break;
      case 'client_refused':
        this.#fromClient.onRefused(event.refused, now);
        break;
      case 'upstream_refused':
        this.#fromUpstream.onRefused(event.upstream, event.refused, now);
        break;
      case 'upstream_noise':
        tellNoise(this.#parts, event.upstream, event.bytes, now);
        break;
      case 'upstream_started':
        this.#started(event.upstream, event.pid, now);
        break;
      case 'upstream_exited':
        this.#exited(event.upstream, event.exit, now);
        break;
      case 'client_ended':
        this.#clientEnded(event.because, now);
        break;
      case 'tick':
        this.#tick(now);
        break;
      case 'record_failed':
        if (event.entry.type !== 'event' && event.exchange !== undefined) {
          this.#parts.ledger.onRecordFailed(event.entry, event.exchange, now);
        }
        break;
      case 'answer_held':
        this.#parts.ledger.replies.refuseInstead(event.exchange, event.refusing, event.exchange.intent?.ref);
        break;
      case 'wait_over':
        this.#resume(event, now);
        break;
      case 'renew':
        this.#parts.life.renew();
        break;
      case 'guard_said':
        this.#tellClient([this.#voice.say(event.level, event.text, now)]);
        break;
      case 'noted':
        this.#parts.ledger.note(event.name, event.server, event.detail, now);
        break;
    }
    this.#tellClient(this.#voice.takeEarly(now));
    this.#afterEvent(now);
    return this.#parts.ledger.take();
  }

  #afterEvent(now: Instant): void {
    const { ledger, life, tasks } = this.#parts;
    const { chain } = ledger;
    // Each resumption ends a wait, and nothing here begins one that is not over at once: it comes to an end.
    for (let ready = chain.takeReady(now); ready.length > 0; ready = chain.takeReady(now))
      for (const one of ready) this.#resume(one, now);
    for (const { upstream, list } of chain.takeChangedLists(now)) tellListChanged(this.#parts, upstream, list);
    life.renewIfIdle(() => tasks.hasAny(life.name));
  }

  #resume({ request, outcome }: Resumption, now: Instant): void {
    const exchange = this.#parts.ledger.heldBy(request);
    if (exchange === undefined) return;
    const verdict = this.#parts.ledger.resume(exchange, outcome, this.#fromClient.whoOf(exchange), now);
    if (verdict !== 'pass') return;
    if (exchange.view.asked === 'client') this.#fromClient.forward(exchange, now);
    else this.#fromUpstream.forward(exchange, now);
  }

  #started(upstream: UpstreamId, pid: number | undefined, now: Instant): void {
    this.#parts.ledger.note('server_started', upstream, { pid: pid ?? null }, now);
    if (!this.#parts.life.onStarted(now)) return;
    for (const list of LIST_NAMES) tellListChanged(this.#parts, upstream, list);
  }

  #exited(upstream: UpstreamId, exit: UpstreamExit, now: Instant): void {
    this.#parts.ledger.note('server_exited', upstream, { how: exit.text, status: exit.status }, now);
    const whose = this.#parts.tellList === undefined ? '' : `\`${upstream}\`: `;
    if (exit.kind === 'unstartable') this.#parts.ledger.log('error', `${whose}${exit.text}`);
    const answered = this.#parts.ledger.table.all().length > 0;
    const fate = this.#parts.life.onExited(exit, now, this.#clientHasLeft);
    // A server that never ran has nobody to tell yet: the first request is answered, then the session is over.
    if (fate === 'gone' && (exit.kind !== 'unstartable' || answered || this.#clientHasLeft)) this.#finish(exit);
  }

  #clientEnded(because: EndedBecause, now: Instant): void {
    this.#clientHasLeft = true;
    this.#parts.life.onClientLeft(now, because);
    this.#finishIfGone();
  }

  #finishIfGone(): void {
    const { gone } = this.#parts.life;
    if (gone !== undefined) this.#finish(gone);
  }

  #finish(exit: UpstreamExit): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#parts.ledger.push({ type: 'finish', exit });
  }

  #tick(now: Instant): void {
    const asking = new Set(
      this.#parts.ledger.table
        .all()
        .filter((one) => one.view.asked === 'server')
        .map((one) => one.asker),
    );
    for (const { exchange, kind, waitedMs } of this.#parts.deadlines.due(now.monoMs, (name) => asking.has(name))) {
      if (kind === 'look') this.#parts.life.lookForLife(exchange, now);
      else this.#fromUpstream.onDue(exchange, kind, waitedMs, now);
    }
  }

  #tellClient(lines: readonly (Buffer | undefined)[]): void {
    for (const bytes of lines)
      if (bytes !== undefined)
        this.#parts.ledger.push({ type: 'to_client', bytes, needs: undefined, batch: undefined });
  }
}

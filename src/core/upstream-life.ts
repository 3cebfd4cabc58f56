// The life of one server as the session sees it: running, coming back, gone. Holds what is meant for it while it is
// away, introduces the client to it again, and gives up on a crash loop. Knows no process and no timer.
import type { Instant } from '../ports/clock.ts';
import type { RequestId } from '../wire/message.ts';
import { replaceId } from '../wire/splice.ts';
import { CrashWindow } from './crash-window.ts';
import type { Deadlines } from './deadlines.ts';
import { endWithServer, type HowItEnds } from './end-with-server.ts';
import type { EndedBecause, UpstreamExit, UpstreamId } from './events.ts';
import { CLIENT, type Exchange } from './exchange.ts';
import type { Handshake } from './handshake.ts';
import type { Ledger } from './ledger.ts';
import { OwnRequests } from './own-requests.ts';
import type { UpstreamSettings } from './settings.ts';
import { refuseUnsent } from './unsent-again.ts';
import { UnsentLines } from './unsent-lines.ts';

const MOST_SHIELDED_EXITS = 2;
const PROBING = new Set(['server/discover', 'initialize']);

export class UpstreamLife {
  readonly name: UpstreamId;
  readonly #settings: UpstreamSettings;
  readonly #ledger: Ledger;
  readonly #handshake: Handshake;
  readonly #deadlines: Deadlines;
  readonly #own: OwnRequests;
  #state: 'running' | 'renewing' | 'coming_back' | 'replaying' | 'gone' = 'running';
  readonly #unsent = new UnsentLines();
  readonly #crashes = new CrashWindow();
  /** It is to be started anew as soon as nothing of it is open. */
  #toRenew = false;
  #shielded = 0;
  /** The running server has been asked `server/discover`. */
  #probed = false;
  #lastExit: UpstreamExit | undefined;
  /** Why nobody is left to come back for. */
  #because: EndedBecause;

  constructor(settings: UpstreamSettings, ledger: Ledger, handshake: Handshake, deadlines: Deadlines, tag: string) {
    this.name = settings.name;
    this.#own = new OwnRequests(settings.name, ledger, tag);
    this.#settings = settings;
    this.#ledger = ledger;
    this.#handshake = handshake;
    this.#deadlines = deadlines;
  }

  /** Set once the server will not come back. */
  get gone(): UpstreamExit | undefined {
    return this.#state === 'gone' ? this.#lastExit : undefined;
  }

  /** It is to be started anew, by another command. Meanwhile it goes on as it is. */
  renew(): void {
    this.#toRenew = this.#state !== 'gone';
    if (!this.#toRenew) return;
    this.#crashes.forget();
    if (this.#state === 'coming_back') this.#ledger.push({ type: 'hurry_upstream', upstream: this.name });
  }

  /** After each event. @param hasTasks nobody could ask for them any more. INVARIANT: nothing that the server has is lost by it */
  renewIfIdle(hasTasks: () => boolean): void {
    if (!this.#toRenew || this.#state !== 'running' || hasTasks()) return;
    if (this.#openOf().some(({ sent, view }) => sent && view.method !== 'subscriptions/listen')) return;
    this.#state = 'renewing';
    this.#ledger.push({ type: 'renew_upstream', upstream: this.name });
  }

  /** Nobody is left to come back for. */
  onClientLeft(now: Instant, because: EndedBecause): void {
    this.#because = because;
    if (this.#state === 'running' || this.#state === 'replaying') {
      this.#ledger.push({ type: 'stop_upstream', upstream: this.name });
      return;
    }
    if (this.#state !== 'coming_back' || this.#lastExit === undefined) return;
    this.#giveUp(now);
    const how = { shield: false, clientHasLeft: true };
    for (const exchange of this.#openOf()) this.#end(exchange, this.#lastExit, how, now);
  }

  /** Sends now, or when the server is back; false where it can be neither. `exchange` where the bytes are its request: a closed one is not sent late. */
  send(bytes: Buffer, exchange: Exchange | undefined, now: Instant): boolean {
    if (exchange?.view.method === 'server/discover') this.#probed = true;
    if (this.#state === 'running') {
      this.#toServer(bytes, exchange, now);
      return true;
    }
    return this.#state !== 'gone' && this.#unsent.hold({ bytes, exchange });
  }

  /**
   * A deadline is near and the server has sent nothing since: whether it still lives is found out before it is blamed for more
   * than this one call. Any answer will do.
   */
  lookForLife(exchange: Exchange, now: Instant): void {
    if (this.#state !== 'running' || this.#ledger.hasHeard(exchange)) return;
    const isAsked = this.#openOf().some((one) => one.internal && one.view.method === 'ping');
    if (isAsked) return;
    this.#own.ping(exchange, now);
  }

  /** A private id for a request of the client whose own id is taken. */
  privateId(taken: RequestId): RequestId {
    return this.#own.nextId(taken);
  }

  /** @returns it is another server than before: what it offers may be, too */
  onStarted(now: Instant): boolean {
    if (this.#state !== 'coming_back') return false;
    const isOther = this.#toRenew;
    this.#toRenew = false;
    const { initialize } = this.#handshake;
    this.#probed = false;
    if (this.#handshake.era !== 'legacy' || initialize === undefined || !this.#handshake.accepted) {
      this.#goOn(now);
      return isOther;
    }
    this.#state = 'replaying';
    this.#replay([initialize], now);
    return isOther;
  }

  /** The answer to one of the guard's own requests. Only the first, to `initialize`, is waited for. */
  onInternalAnswer(exchange: Exchange, accepted: boolean, now: Instant): void {
    if (exchange.view.method !== 'initialize' || this.#state !== 'replaying') return;
    if (!accepted) {
      // It will exit, which is counted: then it is started again, or given up.
      this.#ledger.log('warn', `\`${this.name}\` did not accept the greeting after its restart and is ended`);
      this.#ledger.push({ type: 'stop_upstream', upstream: this.name });
      return;
    }
    const { initialized, replays } = this.#handshake;
    if (initialized !== undefined) this.#toServer(initialized.bytes, undefined, now);
    this.#replay(replays, now);
    this.#goOn(now);
  }

  /** Settles what was open, then comes back or is gone for good. */
  onExited(exit: UpstreamExit, now: Instant, clientHasLeft: boolean): 'coming_back' | 'gone' {
    this.#lastExit = exit;
    this.#ledger.table.forgetAll(this.name);
    const open = this.#openOf();
    const shield = this.#isShielded(exit, open);
    // An end that somebody brought about says nothing about the server.
    const isRenewal = this.#state === 'renewing';
    if (!shield && !exit.byGuard && !clientHasLeft && !isRenewal) this.#ledger.chain.exit(this.name, now, exit.text);
    const isFree = shield || isRenewal;
    const comesBack = !clientHasLeft && exit.kind !== 'unstartable' && (isFree || this.#mayRestart(now));
    // What waits was never sent: it goes to the next server, if there is one. So does a greeting that met the probe's death.
    const unsent = this.#unsent.exchanges();
    const waits = (one: Exchange): boolean => comesBack && (unsent.has(one) || (one.waiting && one.asker === CLIENT));
    for (const exchange of open) {
      const greeting = shield && exchange.view.method === 'initialize' ? bytesOf(exchange) : undefined;
      if (greeting !== undefined) this.#unsent.keep({ bytes: greeting, exchange });
      else if (!waits(exchange)) this.#end(exchange, exit, { shield, clientHasLeft }, now);
    }
    if (!comesBack) {
      // What comes back is said to have exited where it is said to be started again.
      if (exit.kind !== 'unstartable' && !exit.byGuard)
        this.#ledger.log(exit.status === 0 ? 'info' : 'warn', `\`${this.name}\` exited (${exit.text})`);
      this.#giveUp(now);
      const { isTriedLater } = this.#settings;
      const loop = clientHasLeft ? undefined : this.#crashes.describe(this.name, this.#settings.restart, isTriedLater);
      if (loop !== undefined) this.#ledger.log('error', loop);
      return 'gone';
    }
    this.#state = 'coming_back';
    if (shield) this.#shielded += 1;
    if (isRenewal) this.#ledger.push({ type: 'start_upstream', upstream: this.name, delayMs: 0 });
    else this.#comeBack(exit, shield ? 0 : this.#crashes.delayMs(this.#settings.restart), now);
    return 'coming_back';
  }

  #giveUp(now: Instant): void {
    this.#state = 'gone';
    this.#unsent.clear();
    this.#ledger.chain.fate(this.name, 'gone', now);
  }

  #openOf(): Exchange[] {
    return this.#ledger.table.all().filter((one) => one.view.upstream === this.name);
  }

  #comeBack(exit: UpstreamExit, delayMs: number, now: Instant): void {
    this.#ledger.note('restart', this.name, { after: exit.text, delayMs }, now);
    this.#ledger.log('warn', `\`${this.name}\` exited (${exit.text}); it is started again in ${delayMs} ms`);
    this.#ledger.push({ type: 'start_upstream', upstream: this.name, delayMs });
  }

  #end(exchange: Exchange, exit: UpstreamExit, how: Omit<HowItEnds, 'because'>, now: Instant): void {
    endWithServer({ ledger: this.#ledger, server: this.name, exchange, exit, ...how, because: this.#because }, now);
  }

  // Some legacy servers exit when they are asked `server/discover`, before or after they answer: the client gets the
  // answer that makes it fall back to `initialize` on this same pipe, and a new server to say it to.
  #isShielded(exit: UpstreamExit, open: readonly Exchange[]): boolean {
    return (
      exit.kind !== 'unstartable' &&
      this.#probed &&
      !this.#handshake.accepted &&
      this.#shielded < MOST_SHIELDED_EXITS &&
      open.every((exchange) => exchange.asker === CLIENT && PROBING.has(exchange.view.method))
    );
  }

  #mayRestart(now: Instant): boolean {
    return this.#settings.onExit === 'restart' && this.#crashes.admits(this.#settings.restart, now.monoMs);
  }

  #replay(lines: Handshake['replays'], now: Instant): void {
    for (const line of lines) this.#deadlines.lookBy(this.#own.replay(line, now));
  }

  #toServer(bytes: Buffer, exchange: Exchange | undefined, now: Instant): void {
    this.#ledger.push({ type: 'to_upstream', upstream: this.name, bytes, needs: exchange?.intent });
    if (exchange === undefined) return;
    this.#ledger.markSent(exchange, now);
    // From here on it is the server that is waited for.
    if (exchange.deadline !== undefined) this.#deadlines.start(exchange, exchange.deadline, now.monoMs);
  }

  #goOn(now: Instant): void {
    this.#state = 'running';
    for (const { bytes, exchange } of this.#unsent.take())
      if (!refuseUnsent(this.#ledger, exchange, now)) this.#toServer(bytes, exchange, now);
    this.#ledger.chain.fate(this.name, 'back', now);
  }
}

function bytesOf({ line, askerId, peerId }: Exchange): Buffer | undefined {
  if (line === undefined) return undefined;
  return peerId === askerId ? line.bytes : replaceId(line, peerId);
}

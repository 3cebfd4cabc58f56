// Runs one session to its end: the client's streams, its servers, the record, time and signals, around a pure core.
// The only place that knows all of them; decides nothing itself.
import type { SessionEvent, UpstreamExit } from '../core/events.ts';
import { signalExitCode } from '../guard-error.ts';
import type { ExitStatus, UpstreamProcess } from '../ports/upstream.ts';
import type { ClientEnd, ClientListener } from './client-end.ts';
import { clientEvent } from './client-events.ts';
import { readExit } from './exit-reading.ts';
import { FAREWELL_MS, LastWaits } from './last-waits.ts';
import { Linger } from './linger.ts';
import { HOST_GONE_SIGNAL, ParentWatch } from './parent-watch.ts';
import { PlannedStarts } from './planned-starts.ts';
import { ReadBrake } from './read-brake.ts';
import type { RunOptions } from './run-options.ts';
import { Turn } from './turn.ts';
import { tellOfLine, type UpstreamEvent } from './upstream-events.ts';
import { UpstreamLink, type UpstreamListener } from './upstream-link.ts';
import { Wake } from './wake.ts';

const DEFECT_STATUS = 70;
/** How long the last transitions of a breaker may hold up the end: a lock that another process holds is no reason to stay. */
const LAST_STATE_MS = 2500;

export class SessionRun {
  readonly #options: RunOptions;
  readonly #turn: Turn;
  readonly #links = new Map<string, UpstreamLink>();
  readonly #client: ClientEnd;
  readonly #parentWatch: ParentWatch;
  readonly #linger: Linger;
  readonly #waits: LastWaits;
  readonly #wake: Wake;
  readonly #finished: Promise<number>;
  #resolve: (status: number) => void = () => {};
  #stopSignal: number | undefined;
  /** Servers whose input is to be ended. */
  readonly #toEnd = new Set<string>();
  #clientEnded = false;
  #over = false;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#waits = new LastWaits(options.timers);
    this.#wake = new Wake(options, () => {
      this.#take({ type: 'tick' });
      this.#endTurn();
    });
    this.#linger = new Linger(options.timers, () => this.#eachLink((link) => link.stop(options.shutdown, false)));
    this.#parentWatch = new ParentWatch(options.timers, options.parent, () => this.stop(HOST_GONE_SIGNAL));
    this.#finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const starts = new PlannedStarts(options.timers, (name) => this.#restart(name));
    this.#turn = new Turn(options.session, options.sink, {
      screen: options.screen,
      toClient: (bytes) => this.#client.add(bytes),
      toUpstream: (name, bytes) => this.#links.get(name)?.add(bytes),
      log: (level, text) => options.log.write(level, text),
      startUpstream: (name, delayMs) => starts.plan(name, delayMs),
      hurryUpstream: (name) => starts.hurry(name),
      stopUpstream: (name) => this.#stopLink(name),
      renewUpstream: (name) => this.#links.get(name)?.stop(options.shutdown, false),
      finish: (exit) => void this.#finish(exit),
    });
    this.#client = options.client;
    this.#client.open(this.#listener());
  }

  /** Starts, and resolves with the status to exit with once everything has ended, is drained and sealed. */
  run(): Promise<number> {
    for (const [name, server] of this.#options.servers)
      this.#attach(name, server.process ?? this.#options.spawner.spawn(server.command));
    this.#client.read();
    return this.#finished;
  }

  /**
   * The guard was told to end (128 + `signal` is its status). A second time: at once, by force.
   * @param because for those who wait for an answer; undefined: the client is gone
   */
  stop(signal: number, because?: string): void {
    const again = this.#stopSignal !== undefined;
    if (again) this.#waits.hurry();
    this.#stopSignal ??= signal;
    this.#linger.cancel();
    this.#eachLink((link) => (again ? link.kill() : link.stop(this.#options.shutdown, true)));
    this.#clientGone(because);
  }

  /** The guard itself has failed and no longer knows what it does: its servers end with it, at once. */
  abandon(): void {
    this.#eachLink((link) => link.kill());
    if (this.#over) return;
    this.#over = true;
    this.#options.sink.close('the guard failed');
    this.#resolve(DEFECT_STATUS);
  }

  /** Runs what comes back to a policy from outside as a turn of its own. Nothing of it is lost while the session ends. */
  between(action: () => void): void {
    action();
    this.#endTurn();
  }

  /** For the `action` of `between`. */
  post(event: SessionEvent): void {
    this.#turn.take(event, this.#options.clock.now());
  }

  #listener(): ClientListener {
    const { read } = this.#options.limits;
    return {
      onReading: (reading, bytes) => {
        const event = clientEvent(reading, bytes, read);
        if (event !== undefined) this.#take(event);
      },
      onOversize: (refused) => this.#take({ type: 'client_refused', refused }),
      onTurnEnd: () => this.#endTurn(),
      onEnd: () => this.#clientGone(),
      onFull: () => this.#eachLink((link) => link.pause()),
      onRoom: () => this.#eachLink((link) => link.resume()),
      onBroken: () => this.#clientGone(),
    };
  }

  #attach(name: string, process: UpstreamProcess): void {
    const { read, pace } = this.#options.limits;
    const take = (event: UpstreamEvent, line: Buffer): void => {
      if (event.type === 'upstream_noise') this.#options.showNoise(name, line);
      this.#take(event);
    };
    const listener: UpstreamListener = {
      onReading: (reading, bytes) => tellOfLine(name, reading, bytes, read, take),
      onOversize: (refused) => this.#take({ type: 'upstream_refused', upstream: name, refused }),
      onTurnEnd: () => this.#endTurn(),
      onExit: (status) => this.#onExit(name, status),
      onFull: () => this.#stopReading(),
      onRoom: () => this.#goOnReading(),
    };
    const link = new UpstreamLink(process, listener, this.#options.limits, {
      timers: this.#options.timers,
      times: this.#options.shutdown,
      brake: pace && new ReadBrake(pace, () => this.#options.clock.now().monoMs),
    });
    if (this.#client.full) link.pause();
    this.#links.set(name, link);
    if (process.stderr !== undefined) this.#options.relayStderr(name, process.stderr);
    if (process.pid !== undefined) this.#take({ type: 'upstream_started', upstream: name, pid: process.pid });
    this.#endTurn();
  }

  #restart(name: string): void {
    const server = this.#options.servers.get(name);
    if (server === undefined || this.#over || this.#clientEnded) return;
    this.#attach(name, this.#options.spawner.spawn(server.command));
  }

  #onExit(upstream: string, status: ExitStatus): void {
    this.#goOnReading();
    this.#take({
      type: 'upstream_exited',
      upstream,
      exit: readExit(status, this.#links.get(upstream)?.wasForced ?? false),
    });
    this.#endTurn();
  }

  /**
   * A client that closes its end may still read: `printf … | mcp-guard run …` does. So the server hears the end of its
   * input at once, and force waits until it owes nothing any more.
   */
  #stopLink(name: string): void {
    const link = this.#links.get(name);
    if (this.#stopSignal !== undefined || this.#client.broken || !this.#options.session.owesAnswers) {
      link?.stop(this.#options.shutdown, this.#stopSignal !== undefined);
      return;
    }
    if (this.#options.session.holdsRequests) this.#toEnd.add(name);
    else link?.endInput();
    this.#linger.start();
  }

  /** What was held has left: now the servers may hear the end of their input. */
  #endInputs(): void {
    if (this.#toEnd.size === 0 || this.#options.session.holdsRequests) return;
    for (const name of this.#toEnd) this.#links.get(name)?.endInput();
    this.#toEnd.clear();
  }

  // An end of input would go unseen meanwhile, so the host itself is watched.
  #stopReading(): void {
    this.#client.pause();
    this.#parentWatch.start();
  }

  #goOnReading(): void {
    this.#client.resume();
    this.#parentWatch.stop();
  }

  #clientGone(because?: string): void {
    if (this.#clientEnded) return;
    this.#clientEnded = true;
    this.#take({ type: 'client_ended', because });
    this.#endTurn();
  }

  #take(event: SessionEvent): void {
    if (!this.#over) this.#turn.take(event, this.#options.clock.now());
  }

  #endTurn(): void {
    this.#turn.end(this.#options.clock.now());
    this.#client.flush();
    this.#eachLink((link) => link.flush());
    this.#endInputs();
    // one that is over takes no tick: a wake that is due would come again at once, for ever
    if (!this.#over) this.#wake.arm(this.#options.session.wakeAtMs);
    this.#linger.check(() => this.#options.session.owesAnswers);
    this.#options.afterTurn();
  }

  async #finish(exit: UpstreamExit): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#wake.cancel();
    this.#linger.cancel();
    this.#parentWatch.stop();
    this.#client.flush();
    await this.#waits.atMost(LAST_STATE_MS, this.#options.policiesIdle());
    this.#options.sink.close(exit.text);
    await this.#waits.atMost(FAREWELL_MS, this.#client.drained());
    this.#resolve(this.#status(exit));
  }

  // A server that had to be ended because its client left has done nothing wrong: the session ended well.
  #status(exit: UpstreamExit): number {
    if (this.#stopSignal !== undefined) return signalExitCode(this.#stopSignal);
    return this.#clientEnded && exit.byGuard ? 0 : exit.status;
  }

  #eachLink(use: (link: UpstreamLink) => void): void {
    for (const link of this.#links.values()) use(link);
  }
}

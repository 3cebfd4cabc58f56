// One connection to a redis, made when it is asked for and made anew after it broke: bounded in time, never queueing, and no
// timer while nobody asks. The only file that imports `redis`. Knows no limit and no script. TRUST: no text quotes the password.
import { createClient } from 'redis';
import type { RedisPlace } from '../config/redis-url.ts';
import { explainNoAuth, isServerError, readMoved, textOf } from './redis-errors.ts';

export interface RedisLinkOptions {
  /** Asked at each connection: a password that was renewed is read anew. @throws with a text for a person, without any secret */
  readonly place: () => RedisPlace;
  /** Sent first on each connection, which stands once all are answered, in whatever way. */
  readonly greet: readonly (readonly string[])[];
  /** From the first byte to the end of the greeting. */
  readonly connectMs?: number | undefined;
  /** How long an answer is waited for. */
  readonly answerMs?: number | undefined;
}

export type RedisAnswer =
  | { readonly kind: 'reply'; readonly reply: unknown }
  /** The server's own words: `NOSCRIPT …`. Nothing was done. */
  | { readonly kind: 'error'; readonly text: string }
  /** Not connected, or no answer in time; then it may have been done, or be done later. */
  | { readonly kind: 'away'; readonly why: string };

export type OnLate = (reply: unknown, askThere: RedisLink['ask']) => void;

export interface RedisLink {
  /**
   * Never rejects. In the order in which they are asked, as long as the connection stands. Where there is none, it is made, unless
   * the last attempt has just failed. @param onLate what came after `away` had been answered, and how to ask on the same connection,
   * at once: whoever answers there is alive, and the next one may not stand yet
   */
  ask(words: readonly string[], onLate?: OnLate): Promise<RedisAnswer>;
  /** Idempotent; what is under way ends with `away`. */
  close(): void;
}

type Client = ReturnType<typeof createRedisClient>;
/** An attempt, and what stands at its end. */
interface Line {
  readonly client: Client;
  /** Undefined: it stands; else why it does not. Never rejects. */
  readonly ready: Promise<string | undefined>;
  /** Why it is of no use any more. */
  broken: string | undefined;
  /** Answers of any kind, for telling a slow server from one that is gone. */
  answers: number;
  isWatched: boolean;
  /** Asked, and not answered yet: each tells who waits that nothing came in time. */
  readonly open: Set<(why: string) => void>;
}

const CONNECT_MS = 2_000;
const ANSWER_MS = 1_000;
/** Without any answer for so many times as long as one is waited for, a connection is given up. */
const SILENCES = 2;
/** What was asked on a connection that was given up may still be done: it is listened to for so long, as long as an answer is open. */
const LISTEN_MS = 600_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

export function openRedisLink({
  place,
  greet,
  connectMs = CONNECT_MS,
  answerMs = ANSWER_MS,
}: RedisLinkOptions): RedisLink {
  let line: Line | undefined;
  let isClosed = false;
  let failures = 0;
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  let lastWhy = '';
  /** In a cluster: the node that has the keys. */
  let moved: Pick<RedisPlace, 'host' | 'port'> | undefined;
  /** Given up for their silence, and what ends the wait for each. */
  const silent = new Map<Line, () => void>();

  const listenOn = (one: Line): void => {
    const cancel = after(LISTEN_MS, () => letGo(one));
    silent.set(one, cancel);
    for (const tellLate of one.open) tellLate(one.broken ?? '');
  };
  const letGo = (one: Line): void => {
    silent.get(one)?.();
    if (silent.delete(one) && one.client.isOpen) one.client.destroy();
  };

  /** INVARIANT: after what came late has been told, which may ask more on it. */
  const hear = (one: Line): void => {
    one.answers += 1;
    if (one.open.size === 0) letGo(one);
  };

  const fail = (one: Line, why: string, isSilent = false): void => {
    if (one.broken !== undefined) {
      // One that is only listened to is over.
      letGo(one);
      return;
    }
    one.broken = why;
    if (isSilent) listenOn(one);
    else one.client.destroy();
    if (line !== one) return;
    line = undefined;
    lastWhy = why;
    moved = undefined;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
    failures += 1;
    // A fleet that lost one server does not come back as one.
    notBeforeMs = performance.now() + pauseMs * (0.5 + Math.random() / 2);
  };

  const connect = (): Line => {
    const client = createRedisClient({ ...place(), ...moved }, connectMs);
    const one: Line = { client, ready: start(), broken: undefined, answers: 0, isWatched: false, open: new Set() };
    client.on('error', (error: unknown) => fail(one, textOf(error)));
    return one;
    async function start(): Promise<string | undefined> {
      const cancel = after(connectMs, () => fail(one, `no connection within ${connectMs} ms`));
      try {
        await client.connect();
        const refusal = explainNoAuth(await client.sendCommand(['PING']).then(() => '', textOf));
        if (refusal !== undefined) throw new Error(refusal);
        // Who takes a connection may still answer nothing.
        await Promise.allSettled(greet.map((words) => client.sendCommand([...words])));
        if (one.broken === undefined) failures = 0;
      } catch (error) {
        fail(one, textOf(error));
      }
      cancel();
      return one.broken;
    }
  };

  /** A connection on which nothing comes back is no connection. */
  const watchSilence = (one: Line): void => {
    if (one.isWatched || silent.has(one)) return;
    one.isWatched = true;
    const seen = one.answers;
    after(answerMs * SILENCES, () => {
      one.isWatched = false;
      if (one.answers === seen) fail(one, `no answer within ${answerMs * (SILENCES + 1)} ms`, true);
    });
  };

  const send = (one: Line, words: readonly string[], onLate: OnLate): Promise<RedisAnswer> =>
    new Promise((settle) => {
      let isLate = false;
      const tellLate = (why: string): void => {
        isLate = true;
        settle({ kind: 'away', why });
      };
      one.open.add(tellLate);
      const cancel = after(answerMs, () => {
        watchSilence(one);
        tellLate(`no answer within ${answerMs} ms`);
      });
      one.client.sendCommand([...words]).then(
        (reply: unknown) => {
          cancel();
          one.open.delete(tellLate);
          if (isLate) onLate(reply, (more, onLater = () => {}) => send(one, more, onLater));
          else settle({ kind: 'reply', reply });
          hear(one);
        },
        (error: unknown) => {
          cancel();
          one.open.delete(tellLate);
          const text = textOf(error);
          if (isServerError(text)) hear(one);
          if (one.broken !== undefined || !isServerError(text))
            return settle({ kind: 'away', why: one.broken ?? text });
          settle({ kind: 'error', text });
        },
      );
    });

  const standing = async (): Promise<Line | string> => {
    if (isClosed) return 'the store is closed';
    if (line === undefined) {
      if (performance.now() < notBeforeMs) return lastWhy;
      try {
        line = connect();
      } catch (error) {
        return textOf(error);
      }
    }
    const one = line;
    return (await one.ready) ?? one;
  };

  const ask = async (words: readonly string[], onLate: OnLate, isAgain: boolean): Promise<RedisAnswer> => {
    const one = await standing();
    if (typeof one === 'string') return { kind: 'away', why: one };
    const answer = await send(one, words, onLate);
    if (answer.kind !== 'error') return answer;
    const node = readMoved(answer.text, place);
    if (node !== undefined && !isAgain) {
      // The others on this line are sent after it, too.
      if (line === one) {
        line = undefined;
        moved = node;
        after(answerMs, () => one.client.destroy());
      }
      return ask(words, onLate, true);
    }
    // What was the primary is a replica now: the name may lead elsewhere.
    if (answer.text.startsWith('READONLY')) fail(one, answer.text);
    return answer;
  };

  return {
    ask: (words, onLate = () => {}) => ask(words, onLate, false),
    close() {
      isClosed = true;
      if (line !== undefined) fail(line, 'the store is closed');
      for (const one of [...silent.keys()]) letGo(one);
    },
  };
}

function createRedisClient({ host, port, tls, username, password, database }: RedisPlace, connectMs: number) {
  const socket = { host, port, connectTimeout: connectMs, reconnectStrategy: false } as const;
  return createClient({
    // The older of the two protocols: everything speaks it.
    RESP: 2,
    maintNotifications: 'disabled',
    disableClientInfo: true,
    disableOfflineQueue: true,
    // The client's own time-out ends where the command is written.
    commandOptions: { timeout: 0 },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(database === 0 ? {} : { database }),
    socket: tls ? { ...socket, tls: true } : socket,
  });
}

function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}

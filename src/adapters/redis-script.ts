// One script on a redis or valkey: loaded with the connection, asked for by its digest, sent whole where that is not known. Knows no
// meaning of the script, and the protocol only by redis-link.ts, which it is given.
import { createHash } from 'node:crypto';
import type { OnLate, openRedisLink, RedisAnswer, RedisLink, RedisLinkOptions } from './redis-link.ts';

export interface RedisScriptOptions extends Omit<RedisLinkOptions, 'greet'> {
  readonly openLink: typeof openRedisLink;
  /** Lua. */
  readonly body: string;
}

export interface RedisScript {
  /** One round trip; never rejects. @param ask on another connection than the one that stands: of who was answered late there */
  run(keys: readonly string[], words: readonly string[], onLate?: OnLate, ask?: RedisLink['ask']): Promise<RedisAnswer>;
  readonly link: RedisLink;
}

export function openRedisScript({ openLink, body, ...link }: RedisScriptOptions): RedisScript {
  const sha = createHash('sha1').update(body).digest('hex');
  const opened = openLink({ ...link, greet: [['SCRIPT', 'LOAD', body]] });
  return {
    link: opened,
    async run(keys, words, onLate, ask = opened.ask) {
      const parts = [String(keys.length), ...keys, ...words];
      const answer = await ask(['EVALSHA', sha, ...parts], onLate);
      // It was restarted, or its scripts were flushed: one more round trip, once.
      const isUnknown = answer.kind === 'error' && answer.text.startsWith('NOSCRIPT');
      return isUnknown ? ask(['EVAL', body, ...parts], onLate) : answer;
    },
  };
}

/** What `read` makes of the reply. @throws RangeError where there is none, with what the caller is told; and what `read` throws */
export function replyOf<T>(answer: RedisAnswer, read: (reply: unknown) => T): T {
  if (answer.kind === 'away') throw new RangeError(answer.why);
  if (answer.kind === 'error') throw new RangeError(`the redis answers \`${answer.text}\``);
  return read(answer.reply);
}

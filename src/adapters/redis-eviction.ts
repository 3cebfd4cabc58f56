// Whether a redis throws away what it was given when it is full: asked once of each, and said. Knows no limit, and the protocol only by
// redis-link.ts.
import type { RedisLink } from './redis-link.ts';

/** Asks no more once it has been answered; who may not ask (`NOPERM`) is told nothing. @returns to be called when it has just answered something else */
export function createEvictionLook(ask: RedisLink['ask'], say: (text: string) => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    void ask(['INFO', 'memory']).then((answer) => {
      if (answer.kind === 'away') isAsked = false;
      const policy = answer.kind === 'reply' ? readEviction(answer.reply) : undefined;
      if (policy === undefined) return;
      say(
        `the redis of \`limitStore.url\` throws counts away when it is full, and what they had used is granted again: its \`maxmemory-policy\` is \`${policy}\`; set it to \`noeviction\``,
      );
    });
  };
}

/** Undefined: it keeps everything, or does not say. */
function readEviction(reply: unknown): string | undefined {
  const [, policy] = /^maxmemory_policy:([a-z-]{1,40})\r?$/m.exec(String(reply)) ?? [];
  return policy === 'noeviction' ? undefined : policy;
}

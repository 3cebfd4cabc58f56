// A session with limits over a store in memory, clock by hand. Asserts nothing.
import { createHash } from 'node:crypto';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import { readLimit } from '../../../src/config/compile-limits.ts';
import type { LimitDocument } from '../../../src/config/restriction.ts';
import type { Interceptor } from '../../../src/core/interceptor.ts';
import type { Deadline } from '../../../src/core/settings.ts';
import type { Limit } from '../../../src/policy/limits/limit.ts';
import { LimitSet } from '../../../src/policy/limits/limit-set.ts';
import { createLimits } from '../../../src/policy/limits/limits.ts';
import type { LimitStore } from '../../../src/ports/limit-store.ts';
import { call, type Message, Playbook } from '../../core/playbook.ts';

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
export const limit = (written: LimitDocument, more: Partial<Limit> = {}): Limit => ({
  ...readLimit(written, 'limits[0]', undefined, undefined),
  ...more,
});

export interface SceneOptions {
  readonly store?: LimitStore;
  /** After the limits in the chain. */
  readonly after?: readonly Interceptor[];
  readonly deadline?: Deadline | undefined;
  readonly who?: { readonly tenant: string; readonly principal: string };
}

export class LimitsScene {
  readonly store: LimitStore;
  readonly book: Playbook;
  #lease = 0;
  #id = 0;

  constructor(limits: readonly LimitDocument[], options: SceneOptions = {}) {
    this.store = options.store ?? openMemoryLimitStore();
    const set = new LimitSet(
      limits.map((one, index) => limit(one, { rule: `limits[${index}]` })),
      digest,
    );
    const policy = createLimits({
      set: () => set,
      store: () => this.store,
      who: options.who ?? { tenant: 'default', principal: 'local:ada' },
      model: { operator: undefined, metaPaths: [] },
      lease: () => {
        this.#lease += 1;
        return this.#lease.toString(16).padStart(24, '0');
      },
      resume: (request, outcome) => void this.book.event({ type: 'wait_over', request, outcome }),
    });
    this.book = new Playbook({
      interceptors: [policy, ...(options.after ?? [])],
      ...(options.deadline === undefined ? {} : { deadline: options.deadline }),
    });
  }

  /** Whether a call of a fresh id was sent to the server, or how it was refused. */
  call(tool = 'read', params: Message = {}): 'sent' | 'held' | Refused {
    this.#id += 1;
    return this.line(call(this.#id, tool, params));
  }

  line(message: Message | string): 'sent' | 'held' | Refused {
    const effects = this.book.client(message).take();
    if (effects.some(({ type }) => type === 'to_upstream')) return 'sent';
    for (const effect of effects) {
      if (effect.type !== 'to_client') continue;
      const bytes = typeof effect.bytes === 'function' ? effect.bytes() : effect.bytes;
      return readRefusal(bytes.toString());
    }
    return 'held';
  }

  get lastId(): number {
    return this.#id;
  }
}

export interface Refused {
  readonly text: string;
  readonly reason: string;
  readonly rule: string;
  readonly retryAfterMs: number | undefined;
}

export function readRefusal(line: string): Refused {
  const { result } = JSON.parse(line);
  const decision = Object.values(result._meta)[0];
  const { reason, rule, retryAfterMs } = decision as Refused; // written by the guard itself
  return { text: result.content[0].text, reason, rule, retryAfterMs };
}

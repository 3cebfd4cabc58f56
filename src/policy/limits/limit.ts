// One limit as it is written, frozen and with its defaults filled in: what it is about and how much. Data only.
import type { Rate } from './rate.ts';

export const DIMENSIONS = ['tenant', 'principal', 'client', 'model', 'server', 'tool'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** Where a limit stands besides the top level: it is about nothing else. */
export interface LimitPlace {
  readonly server: string;
  /** A key of the server's `tools`; a tool whose very name is another key is not meant. Undefined: all its tools. */
  readonly tool: { readonly pattern: string; readonly others: readonly string[] } | undefined;
}

export interface Limit {
  /** Its path in the config, for texts: `limits[0]`. */
  readonly rule: string;
  readonly place: LimitPlace | undefined;
  /** Who adds it to the config's: `tenants.acme`, `roles.reader`. Its counts are its own. Undefined: the config. */
  readonly voice: string | undefined;
  /** Ascending in the order of DIMENSIONS, each once: whoever differs in one of these has a count of their own. */
  readonly key: readonly Dimension[];
  /** Patterns that must all match, or the limit is not about the call. */
  readonly match: Readonly<Partial<Record<Dimension, string>>>;
  /** What a call of a tool costs, by pattern; 1 where none matches. */
  readonly cost: Readonly<Record<string, number>>;
  readonly rate: (Rate & { readonly burst: number }) | undefined;
  readonly bytesIn: Rate | undefined;
  readonly bytesOut: Rate | undefined;
  readonly budget: { readonly calls: number; readonly per: 'day' | 'month'; readonly timeZone: string } | undefined;
  readonly concurrency: number | undefined;
}

/** Whom a call is from and what it is about. attacker-controlled: client, model (both claimed), tool. */
export interface Subject {
  readonly tenant: string;
  readonly principal: string;
  readonly client: string | undefined;
  readonly model: string | undefined;
  readonly server: string;
  readonly tool: string;
}

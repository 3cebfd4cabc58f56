// All limits that hold, asked what a call has to be charged: which keys, how much. Remembers its answers within bounds, as the
// names are attacker-controlled. Knows no store and no verdict.
import type { Charge, PostPaid } from '../../ports/limit-store.ts';
import { type Applies, compileApplies } from './applies.ts';
import { type Calendar, createCalendar } from './calendar.ts';
import type { Limit, Subject } from './limit.ts';
import { costUs, type Rate } from './rate.ts';
import { identityOf, type Part, subjectKey } from './subject-key.ts';
import { labelOf } from './subject-label.ts';

/** What is asked of one key by every call of a subject. */
interface Item {
  readonly limit: Limit;
  readonly part: Part;
  readonly key: string;
  readonly label: string;
  /** Calls; of a part that counts calls. */
  readonly cost: number;
  readonly calendar: Calendar | undefined;
}

export interface Bill {
  readonly items: readonly Item[];
}

export interface CallSize {
  readonly bytesIn: number;
  readonly wallMs: number;
  /** 24 hex digits, never the same. */
  readonly lease: () => string;
}

const MOST_REMEMBERED = 1_024;
const LONGEST_REMEMBERED = 512;
/** A debt of bytes is remembered so far ahead. */
const MOST_DEBT_US = 86_400_000_000;
export const LEASE_MS = 15_000;

export class LimitSet {
  readonly #limits: readonly { readonly limit: Limit; readonly applies: Applies }[];
  readonly #calendars = new Map<string, Calendar>();
  readonly #digest: (text: string) => string;
  readonly #remembered = new Map<string, Bill>();
  readonly #isOfClient: boolean;

  /** @param digest SHA-256, hex @throws RangeError where a budget names no time zone */
  constructor(limits: readonly Limit[], digest: (text: string) => string) {
    this.#limits = limits.map((limit) => ({ limit, applies: compileApplies(limit) }));
    this.#digest = digest;
    this.#isOfClient = limits.some(({ key, match }) =>
      [...key, ...Object.keys(match)].some((one) => one === 'client' || one === 'model'),
    );
    for (const { budget } of limits) if (budget !== undefined) this.#calendarOf(budget);
  }

  get isEmpty(): boolean {
    return this.#limits.length === 0;
  }

  /** Whether any limit asks for `client` or `model`. */
  get asksWho(): boolean {
    return this.#isOfClient;
  }

  /** What a call of this subject is billed for; empty where no limit is about it. */
  billOf(subject: Subject): Bill {
    const name = this.#nameOf(subject);
    const known = this.#remembered.get(name);
    if (known !== undefined) return known;
    const bill = this.#makeBill(subject);
    if (name.length > LONGEST_REMEMBERED) return bill;
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(name, bill);
    return bill;
  }

  /** Each but the last with its length before it, so that no two subjects have one. */
  #nameOf({ tenant, principal, client, model, server, tool }: Subject): string {
    const who = this.#isOfClient ? `${client?.length}:${client}${model?.length}:${model}` : '';
    return `${who}${tenant.length}:${tenant}${principal.length}:${principal}${server.length}:${server}${tool}`;
  }

  /** INVARIANT: of two limits that are one count the stricter number and the higher cost hold. */
  #makeBill(subject: Subject): Bill {
    const items = new Map<string, Item>();
    for (const { limit, applies } of this.#limits) {
      if (!applies.to(subject)) continue;
      const cost = applies.costOf(subject.tool);
      for (const part of partsOf(limit)) {
        if (cost === 0 && (part === 'rate' || part === 'budget')) continue;
        const key = subjectKey(identityOf(limit, part), limit.key, subject, this.#digest);
        const known = items.get(key);
        const calendar = limit.budget === undefined ? undefined : this.#calendarOf(limit.budget);
        const stricter = known === undefined || mostOf(limit, part) < mostOf(known.limit, part) ? limit : known.limit;
        const label = labelOf(stricter, part, subject);
        items.set(key, { limit: stricter, part, key, label, cost: Math.max(cost, known?.cost ?? 0), calendar });
      }
    }
    return { items: [...items.values()] };
  }

  #calendarOf({ per, timeZone }: NonNullable<Limit['budget']>): Calendar {
    const name = `${per} ${timeZone}`;
    const calendar = this.#calendars.get(name) ?? createCalendar(per, timeZone);
    this.#calendars.set(name, calendar);
    return calendar;
  }
}

/** By index of the bill's items: what the call is charged before it leaves. */
export function chargesOf({ items }: Bill, size: CallSize): readonly Charge[] {
  return items.map((item) => chargeOf(item, size));
}

function chargeOf({ limit, part, key, label, cost, calendar }: Item, size: CallSize): Charge {
  const { rate, budget, bytesIn, bytesOut, concurrency = 0 } = limit;
  if (part === 'rate' && rate !== undefined) {
    const unitUs = costUs(1, rate);
    const depthUs = rate.burst * unitUs;
    return { kind: 'rate', key, label, spendUs: cost * unitUs, depthUs, mostUs: depthUs, unitUs };
  }
  if (part === 'budget' && budget !== undefined && calendar !== undefined)
    return {
      ...{ kind: 'budget', key, label, cost, max: budget.calls },
      windows: calendar.around(size.wallMs),
      windowsAt: calendar.around,
    };
  const bytes = part === 'bytes_in' ? bytesIn : bytesOut;
  if (part !== 'places' && bytes !== undefined) {
    // Of what will come out nothing is known yet: the smallest spend asks whether anything is left.
    const spendUs = part === 'bytes_in' ? Math.max(1, costUs(size.bytesIn, bytes)) : 1;
    return { kind: 'rate', key, label, spendUs, ...amountsOf(bytes) };
  }
  return { kind: 'place', key, label, max: concurrency, lease: size.lease(), ttlMs: LEASE_MS };
}

/** What came out: charged whether it fits or not. */
export function paidOf({ items }: Bill, bytesOut: number): readonly PostPaid[] {
  return items.flatMap(({ limit, part, key, label }) => {
    if (part !== 'bytes_out' || limit.bytesOut === undefined || bytesOut === 0) return [];
    // Less the one µs that was taken when it was asked.
    return [{ key, label, spendUs: costUs(bytesOut, limit.bytesOut) - 1, ...amountsOf(limit.bytesOut) }];
  });
}

function amountsOf(rate: Rate): { readonly depthUs: number; readonly mostUs: number; readonly unitUs: number } {
  const depthUs = rate.periodUs;
  return { depthUs, mostUs: depthUs + MOST_DEBT_US, unitUs: costUs(1, rate) };
}

function partsOf(limit: Limit): readonly Part[] {
  const { rate, bytesIn, bytesOut, budget, concurrency } = limit;
  const written = { rate, bytes_in: bytesIn, bytes_out: bytesOut, budget, places: concurrency };
  const all: readonly Part[] = ['rate', 'bytes_in', 'bytes_out', 'budget', 'places'];
  return all.filter((part) => written[part] !== undefined);
}

/** How much it admits: the smaller is the stricter, where all else is the same. */
function mostOf({ rate, budget, concurrency }: Limit, part: Part): number {
  if (part === 'rate') return rate?.burst ?? 0;
  if (part === 'budget') return budget?.calls ?? 0;
  return part === 'places' ? (concurrency ?? 0) : 0;
}

// Every knob of a breaker, its default, and what is wrong with a value. Data and one check; knows no config file.

export interface SlowCall {
  /** A call that takes longer is slow. */
  readonly afterMs: number;
  /** Share of slow calls, in (0, 1]. */
  readonly rate: number;
}

/** Durations in ms; shares in (0, 1], reached is exceeded (`>=`). */
export interface BreakerSettings {
  /** `observe`: decides and records, refuses nothing. `off`: counts nothing. An isolation holds in each of them. */
  readonly mode: 'enforce' | 'observe' | 'off';
  /** Only so many of the newest samples count … */
  readonly samples: number;
  /** … and none that is older. */
  readonly maxAgeMs: number;
  /** Fewer samples trip no rate. */
  readonly minimum: number;
  readonly faultRate: number;
  readonly consecutiveFaults: number;
  /** `rate`: by `toolErrorRate` alone. `always`: a tool error is a fault. `never`: it trips nothing. */
  readonly countToolErrors: 'rate' | 'never' | 'always';
  readonly toolErrorRate: number;
  readonly toolErrorMinimum: number;
  readonly slowCall: SlowCall | undefined;
  /** The first opening; each further one is twice as long … */
  readonly openMs: number;
  /** … up to this, jitter included. */
  readonly maxOpenMs: number;
  /** Share by which an opening is drawn shorter or longer, in [0, 1). */
  readonly jitter: number;
  /** Closed for so long: the next opening is a first one again. */
  readonly forgetAfterMs: number;
  readonly successesToClose: number;
  /** How long a probe may take before another call may try; twice as long after each that did not come back. */
  readonly leaseMs: number;
  /** For a server: so many of its tools open by faults, and more than this share of them, open the server. */
  readonly escalateTools: number;
  readonly escalateShare: number;
  /** An open tool also leaves `tools/list`. */
  readonly hide: boolean;
}

/** Of a tool: what holds in a bare run, and where a config is silent. */
export const TOOL_DEFAULTS: BreakerSettings = {
  mode: 'enforce',
  samples: 20,
  maxAgeMs: 600_000,
  minimum: 5,
  faultRate: 0.5,
  consecutiveFaults: 5,
  countToolErrors: 'rate',
  toolErrorRate: 0.8,
  toolErrorMinimum: 10,
  slowCall: undefined,
  openMs: 30_000,
  maxOpenMs: 600_000,
  jitter: 0.2,
  forgetAfterMs: 600_000,
  successesToClose: 2,
  leaseMs: 60_000,
  escalateTools: 3,
  escalateShare: 0.5,
  hide: false,
};

/** Of a server: three failures in a row, or half of a full window. */
export const SERVER_DEFAULTS: BreakerSettings = { ...TOOL_DEFAULTS, consecutiveFaults: 3, minimum: 20 };

const DAY_MS = 86_400_000;

type NumberKey = {
  [Key in keyof BreakerSettings]: BreakerSettings[Key] extends number ? Key : never;
}[keyof BreakerSettings];

interface Range {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  /** `min` itself is too small. */
  readonly above?: boolean;
  /** `max` itself is too large. */
  readonly below?: boolean;
}

const MS: Range = { min: 1, max: DAY_MS, integer: true };
const SHARE: Range = { min: 0, max: 1, integer: false, above: true };
const COUNT: Range = { min: 1, max: 1_000, integer: true };

const RANGES: Readonly<Record<NumberKey, Range>> = {
  samples: { min: 2, max: 1_000, integer: true },
  maxAgeMs: MS,
  minimum: COUNT,
  faultRate: SHARE,
  consecutiveFaults: COUNT,
  toolErrorRate: SHARE,
  toolErrorMinimum: COUNT,
  openMs: MS,
  maxOpenMs: MS,
  jitter: { min: 0, max: 1, integer: false, below: true },
  forgetAfterMs: MS,
  successesToClose: { min: 1, max: 100, integer: true },
  leaseMs: { min: 1_000, max: 3_600_000, integer: true },
  escalateTools: COUNT,
  escalateShare: { min: 0, max: 1, integer: false },
};

const WORDS = { mode: ['enforce', 'observe', 'off'], countToolErrors: ['rate', 'never', 'always'] } as const;

/**
 * What is wrong with `settings`: one sentence each, all at once, empty where nothing is.
 * @param where the path that the sentences begin with: `servers.db.breaker`
 */
export function checkSettings(settings: BreakerSettings, where: string): readonly string[] {
  const wrong: string[] = [];
  const keys = Object.keys(RANGES) as NumberKey[]; // the keys of the literal above
  for (const key of keys) checkNumber(`${where}.${key}`, settings[key], RANGES[key], wrong);
  if (settings.slowCall !== undefined) {
    checkNumber(`${where}.slowCall.afterMs`, settings.slowCall.afterMs, MS, wrong);
    checkNumber(`${where}.slowCall.rate`, settings.slowCall.rate, SHARE, wrong);
  }
  checkWord(`${where}.mode`, settings.mode, WORDS.mode, wrong);
  checkWord(`${where}.countToolErrors`, settings.countToolErrors, WORDS.countToolErrors, wrong);
  // What is out of its own range is not compared with another.
  return wrong.length > 0 ? wrong : checkTogether(settings, where);
}

function checkTogether(settings: BreakerSettings, where: string): readonly string[] {
  const wrong: string[] = [];
  for (const key of ['minimum', 'consecutiveFaults', 'toolErrorMinimum'] as const) {
    if (settings[key] <= settings.samples) continue;
    wrong.push(
      `\`${where}.${key}\` is ${settings[key]}, but only the last ${settings.samples} samples are kept, so it could never be reached: make it at most \`${where}.samples\``,
    );
  }
  if (settings.openMs > settings.maxOpenMs) {
    wrong.push(
      `\`${where}.openMs\` is ${settings.openMs}, which is above \`${where}.maxOpenMs\` (${settings.maxOpenMs}): lower the one or raise the other`,
    );
  }
  return wrong;
}

function checkNumber(name: string, value: number, range: Range, wrong: string[]): void {
  const { min, max, integer, above = false, below = false } = range;
  const fits = (above ? value > min : value >= min) && (below ? value < max : value <= max);
  if (fits && (!integer || Number.isInteger(value))) return;
  const kind = integer ? 'an integer' : 'a number';
  const from = above ? `above ${min}` : `from ${min}`;
  const to = below ? `below ${max}` : `to ${max}`;
  wrong.push(`\`${name}\` is ${value}: it must be ${kind} ${from} ${to}`);
}

function checkWord(name: string, value: string, words: readonly string[], wrong: string[]): void {
  if (words.includes(value)) return;
  wrong.push(`\`${name}\` is \`${value}\`: it must be one of ${words.map((word) => `\`${word}\``).join(', ')}`);
}

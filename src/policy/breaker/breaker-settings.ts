// Every knob of a breaker, its default, and what is wrong with a value. Data and checks; knows no config file.

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
  /** With whom openings are shared: the guards of this machine, or those of every machine that has the same redis. */
  readonly share: 'machine' | 'fleet';
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
  share: 'machine',
};

/** Of a server: three failures in a row, or half of a full window. */
export const SERVER_DEFAULTS: BreakerSettings = { ...TOOL_DEFAULTS, consecutiveFaults: 3, minimum: 20 };

const DAY_MS = 86_400_000;

/** The settings that are numbers. */
export type NumberSetting = {
  [Key in keyof BreakerSettings]: BreakerSettings[Key] extends number ? Key : never;
}[keyof BreakerSettings];

/** Both ends are legal. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
}

const MS: Range = { min: 1, max: DAY_MS, integer: true };
/** One of as many samples as there can be is the smallest share that means anything. */
const SHARE: Range = { min: 0.001, max: 1, integer: false };
const COUNT: Range = { min: 1, max: 1_000, integer: true };

export const SETTING_RANGES: Readonly<Record<NumberSetting, Range>> = {
  samples: { min: 2, max: 1_000, integer: true },
  maxAgeMs: MS,
  minimum: COUNT,
  faultRate: SHARE,
  consecutiveFaults: COUNT,
  toolErrorRate: SHARE,
  toolErrorMinimum: COUNT,
  openMs: MS,
  maxOpenMs: MS,
  jitter: { min: 0, max: 0.999, integer: false },
  forgetAfterMs: MS,
  successesToClose: { min: 1, max: 100, integer: true },
  leaseMs: { min: 1_000, max: 3_600_000, integer: true },
  escalateTools: COUNT,
  escalateShare: { min: 0, max: 1, integer: false },
};

export const SLOW_CALL_RANGES: Readonly<Record<keyof SlowCall, Range>> = { afterMs: MS, rate: SHARE };

/** Strictest first. */
export const SETTING_WORDS = {
  mode: ['enforce', 'observe', 'off'],
  countToolErrors: ['always', 'rate', 'never'],
  share: ['fleet', 'machine'],
} as const satisfies { [Key in keyof BreakerSettings]?: readonly BreakerSettings[Key][] };

/** Two settings that do not fit together: the first one must be changed, or the second. */
export interface SettingFault {
  readonly keys: readonly [NumberSetting, NumberSetting];
  readonly what: string;
  readonly why: string;
  readonly mend: string;
}

/** Whether `value` may stand at `key`, whatever the other settings are. */
export function isLegalSetting(key: string, value: unknown): boolean {
  const range = new Map<string, Range>(Object.entries(SETTING_RANGES)).get(key);
  if (range !== undefined) return fits(value, range);
  if (key === 'mode' || key === 'countToolErrors' || key === 'share')
    return SETTING_WORDS[key].some((word) => word === value);
  if (key === 'hide') return typeof value === 'boolean';
  if (key !== 'slowCall' || typeof value !== 'object' || value === null) return false;
  const { afterMs, rate } = SLOW_CALL_RANGES;
  return 'afterMs' in value && fits(value.afterMs, afterMs) && 'rate' in value && fits(value.rate, rate);
}

/** What does not fit together in settings that are each legal: all at once, empty where nothing is wrong. */
export function checkSettings(settings: BreakerSettings): readonly SettingFault[] {
  const faults: SettingFault[] = [];
  for (const key of ['minimum', 'consecutiveFaults', 'toolErrorMinimum'] as const) {
    if (settings[key] <= settings.samples) continue;
    faults.push({
      keys: [key, 'samples'],
      what: `\`${key}\` (\`${settings[key]}\`) is above \`samples\` (\`${settings.samples}\`)`,
      why: `only the last ${settings.samples} samples are kept, so it could never be reached`,
      mend: `make \`${key}\` at most \`samples\``,
    });
  }
  if (settings.openMs > settings.maxOpenMs) {
    faults.push({
      keys: ['openMs', 'maxOpenMs'],
      what: `\`openMs\` (\`${settings.openMs}\`) is above \`maxOpenMs\` (\`${settings.maxOpenMs}\`)`,
      why: 'no opening is longer than `maxOpenMs`',
      mend: 'make `openMs` at most `maxOpenMs`',
    });
  }
  return faults;
}

function fits(value: unknown, { min, max, integer }: Range): boolean {
  return typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value));
}

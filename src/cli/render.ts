// The only place that knows colours (and imports chalk). Every screen stays readable without them: a colour repeats what a
// word says.
import { Chalk } from 'chalk';

export type Tone = 'plain' | 'good' | 'bad' | 'warn' | 'quiet' | 'strong' | 'accent';

export type Paint = (tone: Tone, text: string) => string;

/** @param color false: the text comes back as it is */
export function makePaint(color: boolean): Paint {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const tones: Readonly<Record<Tone, (text: string) => string>> = {
    plain: (text) => text,
    good: chalk.green,
    bad: chalk.red,
    warn: chalk.yellow,
    quiet: chalk.dim,
    strong: chalk.bold,
    accent: chalk.cyan,
  };
  return (tone, text) => tones[tone](text);
}

/**
 * Colour where stdout is a terminal, unless `--no-color`, `NO_COLOR` (any non-empty value, no-color.org) or `TERM=dumb` says no;
 * `FORCE_COLOR` other than `0` says yes where nothing said no.
 */
export function wantsColor(
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
  flag: boolean,
): boolean {
  if (!flag || (env.NO_COLOR ?? '') !== '') return false;
  const forced = env.FORCE_COLOR ?? '';
  if (forced !== '') return forced !== '0';
  return isTerminal && env.TERM !== 'dumb';
}

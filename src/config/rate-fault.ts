// Why a text is no rate, and what was probably meant. Pure; knows no limit.
import { readRate } from '../policy/limits/rate.ts';

const UNITS: readonly (readonly [unit: string, other: RegExp])[] = [
  ['s', /^(s|secs?|seconds?)$/i],
  ['min', /^(m|mins?|minutes?)$/i],
  ['h', /^(h|hrs?|hours?)$/i],
  ['day', /^(d|days?)$/i],
];
/** Of sizes; without a letter 1. */
const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
};

/** @param text for which `readRate` is undefined @param isOfBytes not of calls @returns why, and how to mend it */
export function explainRate(text: string, isOfBytes: boolean): readonly [why: string, mend: string] {
  const what = isOfBytes ? 'bytes' : 'calls';
  if (/^0+\/(s|min|h|day)$/.test(text))
    return ['a rate of nothing admits nothing, ever', 'write at least `1`; a scope says better what is denied'];
  const near = guessRate(text, isOfBytes);
  const why = `it is read as ${what} per unit`;
  if (near !== undefined) return [why, `did you mean \`${near}\`?`];
  const example = isOfBytes ? '5000000/min' : '60/min';
  return [why, `write a whole number and \`/s\`, \`/min\`, \`/h\` or \`/day\`, as in \`${example}\``];
}

function guessRate(text: string, isOfBytes: boolean): string | undefined {
  const [, count = '', letters = '', per = ''] =
    /^([\d_]{1,12})\s*([a-z]{0,3})\s*(?:\/|per)\s*([a-z]{1,8})$/i.exec(text) ?? [];
  const unit = UNITS.find(([, other]) => other.test(per))?.[0];
  const factor = isOfBytes ? FACTORS[letters.toLowerCase().replace(/b$/, '')] : letters === '' ? 1 : undefined;
  if (unit === undefined || factor === undefined) return undefined;
  const near = `${Number(count.replaceAll('_', '')) * factor}/${unit}`;
  return readRate(near) === undefined ? undefined : near;
}

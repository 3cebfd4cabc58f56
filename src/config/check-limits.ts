// What is wrong with the limits of a config beyond their shape. Works on an unchecked document, so that its findings come together
// with those of the schema. Knows no store and no call.
import { isTimeZone } from '../policy/limits/calendar.ts';
import { costUs, readRate } from '../policy/limits/rate.ts';
import { checkRedisUrl } from './check-redis-url.ts';
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, isPlainObject, showPath, valueAt } from './json-path.ts';
import { LONGEST_FILL_DAYS, MOST_PER_SECOND, MOST_PLACES } from './limits-policy.ts';
import type { JsonPath } from './read-shape.ts';

type Report = (diagnostic: Diagnostic) => void;

const DAY_US = 86_400_000_000;

export function checkLimits(document: unknown, report: Report): void {
  checkBlock(document, [], report);
  for (const [id, block] of entriesOf(valueAt(document, ['tenants']))) checkBlock(block, ['tenants', id], report);
  for (const [id, role] of entriesOf(valueAt(document, ['roles']))) checkList(role, ['roles', id], report);
  checkStore(valueAt(document, ['limitStore']), report);
  const radius = valueAt(document, ['blastRadius']);
  if (isPlainObject(radius) && radius.tools === undefined && radius.calls === undefined) {
    report({
      path: 'blastRadius',
      what: 'it bounds nothing',
      why: 'neither `tools` nor `calls` is written',
      mend: 'write one of them, or remove `blastRadius`',
    });
  }
}

function checkBlock(block: unknown, path: JsonPath, report: Report): void {
  checkList(block, path, report);
  for (const [id, server] of entriesOf(valueAt(block, ['servers']))) {
    checkList(server, [...path, 'servers', id], report);
    for (const [pattern, tool] of entriesOf(valueAt(server, ['tools'])))
      checkList(tool, [...path, 'servers', id, 'tools', pattern], report);
  }
}

function checkList(holder: unknown, path: JsonPath, report: Report): void {
  const limits = valueAt(holder, ['limits']);
  if (!Array.isArray(limits)) return;
  for (const [index, limit] of limits.entries())
    if (isPlainObject(limit)) checkLimit(limit, [...path, 'limits', index], report);
}

function checkLimit(limit: Record<string, unknown>, path: JsonPath, report: Report): void {
  const say = (at: JsonPath, what: string, why: string, mend: string): void =>
    report({ path: showPath([...path, ...at]), what, why, mend });
  const { rate, burst, cost, concurrency, budget } = limit;
  const bytes = isPlainObject(limit.bytes) ? limit.bytes : {};
  const isBounding = [rate, bytes.in, bytes.out, budget, concurrency].some((one) => one !== undefined);
  if (!isBounding)
    say([], 'it bounds nothing', 'no amount is written', 'add `rate`, `budget`, `concurrency` or `bytes`');
  if (burst !== undefined && rate === undefined)
    say(['burst'], 'it has no `rate`', 'a burst is what a rate admits at once', 'add `rate`, or remove `burst`');
  if (cost !== undefined && rate === undefined && budget === undefined)
    say(
      ['cost'],
      'nothing is paid with it',
      'only `rate` and `budget` count calls',
      'add one of them, or remove `cost`',
    );
  if (typeof concurrency === 'number' && concurrency > MOST_PLACES)
    say(
      ['concurrency'],
      `\`${concurrency}\` is above ${MOST_PLACES}`,
      'so many places are not kept apart',
      `write at most ${MOST_PLACES}, or remove it`,
    );
  checkRate(rate, burst, say);
  checkCosts(limit, say);
  const zone = valueAt(budget, ['timeZone']);
  if (typeof zone === 'string' && !isTimeZone(zone))
    say(
      ['budget', 'timeZone'],
      `\`${zone}\` is no time zone`,
      'nobody knows when its day begins',
      'write an IANA name, as `Europe/Berlin` or `UTC`',
    );
}

type Say = (at: JsonPath, what: string, why: string, mend: string) => void;

function checkRate(rate: unknown, burst: unknown, say: Say): void {
  const read = typeof rate === 'string' ? readRate(rate) : undefined;
  if (read === undefined) return;
  if (read.units * 1_000_000 > MOST_PER_SECOND * read.periodUs)
    say(
      ['rate'],
      `\`${rate}\` is more than ${MOST_PER_SECOND} a second`,
      'no call is that quick, so it would bound nothing',
      'write a smaller rate, or remove it',
    );
  if (typeof burst === 'number' && burst * costUs(1, read) > LONGEST_FILL_DAYS * DAY_US)
    say(
      ['burst'],
      `\`${burst}\` at \`${rate}\` is more than ${LONGEST_FILL_DAYS} days' worth`,
      'it would hardly ever be full again',
      'write a smaller burst, or a `budget`',
    );
}

/** A tool that costs more than there ever is could never be called: `scopes` say that better. */
function checkCosts({ cost, rate, burst, budget }: Record<string, unknown>, say: Say): void {
  const units = typeof rate === 'string' ? readRate(rate)?.units : undefined;
  const bounds = [typeof burst === 'number' ? burst : units, valueAt(budget, ['calls'])];
  const most = Math.min(...bounds.filter((one): one is number => typeof one === 'number'));
  for (const [pattern, price] of entriesOf(cost))
    if (typeof price === 'number' && price > most)
      say(
        ['cost', pattern],
        `\`${price}\` is more than there ever is (\`${most}\`)`,
        'such a call could never be sent',
        'write a smaller cost, or deny the tool in a scope',
      );
}

function checkStore(store: unknown, report: Report): void {
  if (!isPlainObject(store)) return;
  const { kind, url } = store;
  if (kind === 'redis' && url === undefined)
    report({
      path: 'limitStore.url',
      what: 'required key is missing',
      why: 'a redis has to be reached',
      mend: 'add `"url": "env:NAME"`, a reference to where its URL is',
    });
  const fault = kind === 'redis' && typeof url === 'string' ? checkRedisUrl(url, 'limitStore.url') : undefined;
  if (fault !== undefined) report(fault);
  if ((kind === 'memory' || kind === 'file') && url !== undefined)
    report({
      path: 'limitStore.url',
      what: `a store of kind \`${kind}\` has no URL`,
      why: 'only a redis has one',
      mend: 'remove `url`, or write `"kind": "redis"`',
    });
}

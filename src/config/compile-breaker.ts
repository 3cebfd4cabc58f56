// What a config says of breakers, from three levels to what is written for a tool or a server; and what contradicts itself in
// it. Pure; which tool a pattern names is asked later, in breaker-lookup.ts.
import {
  type BreakerSettings,
  checkSettings,
  isLegalSetting,
  type NumberSetting,
  SERVER_DEFAULTS,
  TOOL_DEFAULTS,
} from '../policy/breaker/breaker-settings.ts';
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, isPlainObject, showPath, valueAt } from './json-path.ts';
import type { BreakerPolicy, WrittenBreaker } from './policy.ts';
import type { JsonPath } from './read-shape.ts';
import type { BreakerDocument } from './schema-breaker.ts';

/** One level: the keys of a block are those of each tool, the ones below `server` those of the server as a whole. */
export function readBreaker(block: BreakerDocument | undefined): BreakerPolicy {
  return readLevel(block, () => true);
}

/** `below` wins key by key. */
export function overlayBreaker(above: BreakerPolicy, below: BreakerPolicy): BreakerPolicy {
  return { tools: { ...above.tools, ...below.tools }, server: { ...above.server, ...below.server } };
}

/** A setting that is not written keeps its default, moved as little as the written ones need. */
export function fillSettings(defaults: BreakerSettings, written: WrittenBreaker): BreakerSettings {
  const { maxInFlight: _cap, maxWaitMs: _wait, ...settings } = written;
  const reached = [written.minimum, written.consecutiveFaults, written.toolErrorMinimum];
  const samples = written.samples ?? Math.max(defaults.samples, ...reached.filter((one) => one !== undefined));
  return {
    ...defaults,
    samples,
    minimum: Math.min(defaults.minimum, samples),
    consecutiveFaults: Math.min(defaults.consecutiveFaults, samples),
    toolErrorMinimum: Math.min(defaults.toolErrorMinimum, samples),
    openMs: Math.min(defaults.openMs, written.maxOpenMs ?? Number.POSITIVE_INFINITY),
    maxOpenMs: Math.max(defaults.maxOpenMs, written.openMs ?? 0),
    ...settings,
  };
}

/** Reports what does not fit together, at the level that brought it in. Works on an unchecked document. */
export function checkBreakers(document: unknown, report: (diagnostic: Diagnostic) => void): void {
  const top = readUnchecked(document, ['breaker']);
  reportLevel(NOTHING, top, ['breaker'], report);
  for (const [id, server] of entriesOf(valueAt(document, ['servers']))) {
    const path = ['servers', id];
    const own = readUnchecked(document, [...path, 'breaker']);
    reportLevel(top, own, [...path, 'breaker'], report);
    const above = overlayBreaker(top, own);
    for (const [pattern] of entriesOf(isPlainObject(server) ? server.tools : undefined)) {
      const place = [...path, 'tools', pattern, 'breaker'];
      reportLevel(above, { tools: readUnchecked(document, place).tools, server: {} }, place, report);
    }
  }
}

const NOTHING: BreakerPolicy = { tools: {}, server: {} };

function readLevel(block: unknown, isUsable: (key: string, value: unknown) => boolean): BreakerPolicy {
  const usable = (from: unknown): WrittenBreaker =>
    Object.fromEntries(entriesOf(from).filter(([key, value]) => value !== undefined && isUsable(key, value)));
  const { server: _, ...tools } = usable(block) as WrittenBreaker & { server?: unknown }; // the one key that is a block itself
  // Who switches the breakers of all tools off, only watches them, or shares them, means the server's, too.
  const mode: WrittenBreaker = tools.mode === undefined ? {} : { mode: tools.mode };
  const share: WrittenBreaker = tools.share === undefined ? {} : { share: tools.share };
  return { tools, server: { ...mode, ...share, ...usable(isPlainObject(block) ? block.server : undefined) } };
}

/** Only what could stand alone: the schema reports the rest. */
function readUnchecked(document: unknown, path: JsonPath): BreakerPolicy {
  return readLevel(valueAt(document, path), isLegalSetting);
}

function reportLevel(
  above: BreakerPolicy,
  own: BreakerPolicy,
  path: JsonPath,
  report: (diagnostic: Diagnostic) => void,
): void {
  const both = overlayBreaker(above, own);
  const check = (defaults: BreakerSettings, side: 'tools' | 'server', at: JsonPath): void => {
    for (const { keys, ...fault } of checkSettings(fillSettings(defaults, both[side]))) {
      const isWritten = (key: NumberSetting): boolean => Object.hasOwn(own[side], key);
      const key = keys.find(isWritten);
      // what is wrong above has been said there
      if (key !== undefined) report({ path: showPath([...at, key]), ...fault });
    }
  };
  check(TOOL_DEFAULTS, 'tools', path);
  check(SERVER_DEFAULTS, 'server', [...path, 'server']);
}

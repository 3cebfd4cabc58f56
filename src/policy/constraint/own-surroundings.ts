// What lies around the guard's own files for one server: the directories that it counts from, and what is remembered of them, for a moment
// or for as long as they are unchanged. Knows no text and no rule.
import { depthOf, findNear, type NearBase, type OwnPathPorts, type OwnPaths } from './own-reach.ts';
import { isPathLike, type ReadingParts } from './own-readings.ts';
import { listBases } from './real-location.ts';
import { createSettledNames, SAME_MOMENT_MS, type SettledNames } from './settled-names.ts';

export interface Surroundings {
  readonly bases: readonly string[];
  /** Where a bare name may lead to the guard's own files. */
  readonly near: readonly NearBase[];
  /** Of the tails of the guard's own files. */
  readonly depth: number;
  readonly harmless: SettledNames;
  /** Texts that begin, by each of their readings, with a name that no base holds. */
  readonly settled: SettledNames;
  readonly parts: ReadingParts;
}

export function survey(own: OwnPaths, ports: OwnPathPorts): Surroundings {
  const near = findNear(own, ports, isPathLike);
  const paths = near.map(({ path }) => path);
  const bases = listBases(ports);
  const stateOf = (path: string): string | undefined => ports.directoryState?.(path);
  return {
    bases,
    near,
    depth: depthOf(own),
    harmless: createSettledNames(paths, stateOf),
    settled: createSettledNames(bases, stateOf),
    parts: readAs(ports, bases),
  };
}

function readAs(ports: OwnPathPorts, bases: readonly string[]): ReadingParts {
  const { homeDir } = ports;
  const homes = homeDir.replace(/[/\\][^/\\]*$/, '');
  return {
    bases: bases.length,
    variableOf(name) {
      if (/^(?:HOME|USERPROFILE)$/i.test(name)) return homeDir;
      return /^(?:PWD|CD)$/i.test(name) ? bases[0] : ports.variable?.(name);
    },
    homesOf(name) {
      if (name === undefined) return [homeDir];
      // in a shell: the working directory, and the one before it
      if (name === '+' || name === '-') return ['.', ports.variable?.('OLDPWD') ?? '.'];
      // whoever it is: from the root, where `..` ends, and beside the home of the server
      return [homeDir, ports.homeOf?.(name) ?? homeDir, `${homes}/${name}`, ''];
    },
  };
}

/**
 * What is asked in one call is asked at one moment, and so is what is asked in the calls right behind it, as in settled-names.ts: a
 * hundred calls that came together look at `/home` once.
 */
export function createLook(ports: OwnPathPorts): (monoMs: number) => Look {
  let look: Look = { ports, passed: new Map() };
  let lookedMs = Number.NEGATIVE_INFINITY;
  return (monoMs) => {
    if (ports.atOnce === undefined) return { ports, passed: new Map() };
    // INVARIANT: a look is over after this long, whichever way the clock went
    if (Math.abs(monoMs - lookedMs) < SAME_MOMENT_MS) return look;
    lookedMs = monoMs;
    look = { ports: { ...ports, ...ports.atOnce() }, passed: new Map() };
    return look;
  };
}

export interface Look {
  readonly ports: OwnPathPorts;
  /** Texts that were found harmless in this moment, and how many looks each is charged. */
  readonly passed: Map<string, number>;
}

// The guard's own config, lock, state and trail: no argument of any tool may lead there. Knows neither what those files are nor
// which tool was called.
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import type { ConstraintPorts } from './constraint-document.ts';
import type { Violation } from './constraint-set.ts';
import { isPathLike, listReadings } from './own-readings.ts';
import { writePointer } from './pointer.ts';
import { locate, splitPath } from './real-location.ts';
import { quote } from './shown-text.ts';
import { readWindowsForm } from './windows-path.ts';
import { isUnder } from './within.ts';

/** Different path-like texts in one call; each costs some 15 µs. */
const MAX_TEXTS = 5_000;
/** What a link there leads to depends on who asks: the guard cannot say where the server would end. */
const PER_PROCESS = /^\/(?:proc\/[^/]+\/(?:task\/[^/]+\/)?(?:root|cwd|fd)|dev\/fd)(?:\/|$)/;

export interface OwnPaths {
  /** Folded, canonical and as they were given. */
  readonly places: readonly string[];
}

export type OwnPathPorts = Pick<ConstraintPorts, 'realPath' | 'homeDir' | 'cwdOf' | 'windows'>;

/** @param paths absolute files and directories; a file that is a link counts as both ends of it. */
export function prepareOwnPaths(paths: readonly string[], ports: OwnPathPorts): OwnPaths {
  const places = paths.flatMap((path) => [path, ports.realPath(path) ?? path]);
  return { places: [...new Set(places.map(fold))] };
}

/**
 * The first string or key, anywhere in the arguments, that as a whole is a path into one of them, by any reading. Texts above 4
 * KiB, and paths inside a longer text (a shell command), are not looked at. attacker-controlled: `args`.
 */
export function findOwnPath(args: JsonObject | undefined, own: OwnPaths, ports: OwnPathPorts): Violation | undefined {
  if (args === undefined || own.places.length === 0) return undefined;
  const seen = new Set<string>();
  // a bare name leads somewhere only from a directory close by
  const cwd = fold(ports.cwdOf());
  const separator = ports.windows ? '\\' : '/';
  const isNear = own.places.some((place) => isUnder(place, cwd, separator) || isUnder(cwd, place, separator));
  const path: string[] = [];

  const visitText = (text: string): Violation | undefined => {
    if (!isPathLike(text) && !(isNear && text.length <= 255)) return undefined;
    if (seen.has(text)) return undefined;
    if (seen.size >= MAX_TEXTS) {
      return violate([], 'hold too many texts that may be paths: send less');
    }
    seen.add(text);
    if (!leadsInto(text, own, ports)) return undefined;
    return violate(path, 'leads to files of the guard itself, which no tool may touch; any other path may be given');
  };
  const visit = (value: Json | undefined): Violation | undefined => {
    if (typeof value === 'string') return visitText(value);
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        path.push(String(index));
        const found = visit(value[index]);
        if (found !== undefined) return found;
        path.pop();
      }
    } else if (isJsonObject(value)) {
      for (const key of Object.keys(value)) {
        path.push(key);
        const found = visitText(key) ?? visit(value[key]);
        if (found !== undefined) return found;
        path.pop();
      }
    }
    return undefined;
  };
  return visit(args);
}

function leadsInto(text: string, own: OwnPaths, ports: OwnPathPorts): boolean {
  return listReadings(text, ports.homeDir).some((reading) => {
    const places = ports.windows ? locateOnWindows(reading, ports) : locateReading(reading, ports);
    return places.some((place) => {
      const folded = fold(place);
      return own.places.some((target) => isUnder(folded, target, ports.windows ? '\\' : '/'));
    });
  });
}

/** Where it cannot be resolved nothing can be opened there, but for links that the guard and the server read differently. */
function locateReading(reading: string, ports: OwnPathPorts): readonly string[] {
  const found = locate(reading, ports);
  if (found !== undefined) return found.flatMap(({ target, entry }) => [target, entry]);
  const parts = splitPath(reading).filter((part) => part !== '.');
  const match = PER_PROCESS.exec(reading.startsWith('/') ? `/${parts.join('/')}` : '');
  if (match === null) return [];
  // whatever follows counts from the root and from the working directory
  const rest = `/${parts.join('/')}`.slice(match[0].length);
  return [`/${rest}`, `${ports.cwdOf()}/${rest}`].flatMap(
    (path) => locate(path, ports)?.flatMap(({ target, entry }) => [target, entry]) ?? [],
  );
}

function locateOnWindows(reading: string, ports: OwnPathPorts): readonly string[] {
  const form = readWindowsForm(reading, ports.homeDir, ports.cwdOf());
  if (!form.ok) return [reading.replaceAll('/', '\\')];
  return form.paths.flatMap((path) => [path, ports.realPath(path) ?? path]);
}

/** Some disks know no case and no Unicode form. */
function fold(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

function violate(path: readonly string[], text: string): Violation {
  const name = path.length === 0 ? 'the arguments' : quote(writePointer(path));
  return { rule: 'own_paths', pointer: path.length === 0 ? '' : name.slice(1, -1), text: `${name} ${text}` };
}

// The rule `within`: a path that leads into one of the allowed directories, by whichever reading. Knows no file system but its port.
import type { ConstraintPorts } from './constraint-document.ts';
import { readPathForm } from './path-form.ts';
import { readText } from './readable-value.ts';
import { type Location, listBases, locate, locateEntry, splitPath, spreadPath } from './real-location.ts';
import { type CompileRule, type Report, TOO_MUCH } from './rule.ts';
import { listChoices, quote } from './shown-text.ts';
import { readWindowsForm } from './windows-path.ts';

/** About 50 µs a look, at a path of so many parts. */
const UNITS_PER_LOOK = 5_000;
const PARTS_PER_LOOK = 16;
const FILE_URL = /^file:/i;
/** On either system. */
const FROM_SOMEWHERE = /^(?:\/|[A-Za-z]:[\\/])/;

export const compileWithin: CompileRule<readonly string[]> = (written, report, ports) => {
  const roots = written.map((text, index) =>
    readRoot(text, (at, message) => report(`[${index}]${at}`, message), ports),
  );
  if (roots.length === 0) report('', 'must name at least one directory: an empty list would refuse everything');
  const known = roots.filter((root) => root !== undefined);
  if (known.length === 0 || known.length < roots.length) return undefined;
  const separator = ports.windows ? '\\' : '/';
  const isAllowed = ({ target, entry }: Location): boolean =>
    known.some(
      (root) =>
        isUnder(target, root.target, separator) &&
        // the root may be named by a link to it
        (isUnder(entry, root.target, separator) || entry === root.entry),
    );
  const allowed = `a path within ${listChoices(written.map((text) => showRoot(text, ports)))}`;
  return {
    kind: 'within',
    check(value, budget) {
      const read = readText(value);
      if (!read.ok) return typeof value === 'string' ? `${read.fault}; allowed is ${allowed}` : `must be ${allowed}`;
      const bases = listBases(ports);
      const form = ports.windows
        ? readWindowsForm(read.value, ports.homeDir, bases)
        : readPathForm(read.value, ports.homeDir);
      if (!form.ok) return `${form.fault}; allowed is ${allowed}`;
      // INVARIANT: every reading must hold, that of a server for which `~` is the name of a directory, too
      const { paths } = form;
      const readings = ports.windows ? paths : paths.flatMap((path) => spreadPath(path, bases));
      if (!budget.spend(UNITS_PER_LOOK * Math.max(1, countLooks(readings)))) return TOO_MUCH;
      const holds = readings.every((path) => {
        const places = ports.windows ? locateWindows(path, ports) : locate(path, ports);
        return places?.every(isAllowed) === true;
      });
      return holds ? undefined : `must be ${allowed}${explainReadings(read.value, ports)}`;
    },
  };
};

/** INVARIANT: at each `..` the way so far is looked up, so it costs what another path of that length does. */
function countLooks(readings: readonly string[]): number {
  return readings.reduce((sum, reading) => {
    const parts = reading.split(/[/\\]/);
    const climbs = parts.filter((part) => part === '..').length;
    return sum + (1 + climbs) * Math.ceil(parts.length / PARTS_PER_LOOK);
  }, 0);
}

/** Why a path may be refused that looks right. attacker-controlled: `text`. */
function explainReadings(text: string, { windows }: ConstraintPorts): string {
  if (FILE_URL.test(text) && !windows)
    return '; some servers take `file:` for the name of a directory: give an absolute path';
  if (text.startsWith('~')) return '; some servers take `~` for the name of a directory: give an absolute path';
  return FROM_SOMEWHERE.test(text) || FILE_URL.test(text)
    ? ''
    : '; a relative path counts from more than one directory: give an absolute one';
}

function expandHome(text: string, { homeDir }: ConstraintPorts): string {
  return text.replace(/^(?:~|\$\{HOME\})(?=[\\/]|$)/, () => homeDir);
}

/** Whoever is refused cannot know whose home is meant, and an argument may not begin with `~`. */
function showRoot(text: string, ports: ConstraintPorts): string {
  const path = expandHome(text, ports);
  return path === text ? quote(text) : `${quote(text)} (${quote(path)})`;
}

/** Absolute, `~/…` or `${HOME}/…`. Resolved once: a root that is swapped for a link later leads out of itself. */
function readRoot(text: string, report: Report, ports: ConstraintPorts): Location | undefined {
  const path = expandHome(text, ports);
  if (ports.windows) {
    const form = /^[A-Za-z]:[\\/]/.test(path) ? readWindowsForm(path, ports.homeDir, []) : undefined;
    const location = form?.ok === true ? locateWindows(form.paths[0] ?? '', ports)?.[0] : undefined;
    if (location === undefined) report('', `must be an absolute directory such as \`C:\\notes\`, is ${quote(text)}`);
    return location;
  }
  const parts = splitPath(path);
  if (!path.startsWith('/') || /[\0\\]/.test(path) || parts.includes('..') || parts.includes('.')) {
    const why = `must be an absolute directory without \`.\` and \`..\`, or begin with \`~/\` or \`\${HOME}/\``;
    return void report('', `${why}; is ${quote(text)}`);
  }
  const location = locateEntry(parts, ports);
  if (location === undefined) report('', `cannot be resolved: ${quote(text)} or a link in it leads nowhere certain`);
  return location;
}

/** Windows compares without case, and resolves links to the case of the disk. */
function locateWindows(path: string, ports: ConstraintPorts): readonly Location[] | undefined {
  const real = ports.realPath(path)?.toLowerCase();
  const folder = ports.realPath(
    path.slice(0, Math.max(path.lastIndexOf('\\'), 2)) + (/^..\\[^\\]*$/.test(path) ? '\\' : ''),
  );
  if (real === undefined || folder === undefined) return undefined;
  const last = path.slice(path.lastIndexOf('\\') + 1).toLowerCase();
  return [{ target: real, entry: last === '' ? real : `${folder.toLowerCase().replace(/\\$/, '')}\\${last}` }];
}

/** `/data` itself and what is below it; not `/database`. */
export function isUnder(path: string, root: string, separator: string): boolean {
  if (path === root || root === separator) return true;
  return path.startsWith(root.endsWith(separator) ? root : `${root}${separator}`);
}

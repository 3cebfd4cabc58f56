// The fewest directories that hold all paths which were used, each as deep as can be. Pure text: knows no link and no file system but
// what it is told. attacker-controlled: the paths. INVARIANT: never a directory that holds somebody's home, and never all files.

export interface PathPlace {
  /** Absolute; what `~` stands for. */
  readonly home: string;
  /** Of an absolute path. */
  readonly isDirectory: (path: string) => boolean;
}

export interface CommonRoots {
  /** Sorted; `~/…` below the home. Empty where nothing was usable. */
  readonly roots: readonly string[];
  /** What would have to be proposed for some path and is too wide. */
  readonly tooWide: readonly string[];
}

/** More are joined where they lie beside each other. */
const MOST_ROOTS = 8;
const LONGEST = 1024;
/** What `within` would not read as one plain path. */
const DOUBTFUL = /[\p{C}\p{Zl}\p{Zp}\\%$"'`]/u;

/** @param paths as they were given to a tool @param roots of paths that are not known themselves */
export function findCommonRoots(
  paths: Iterable<string>,
  roots: Iterable<string>,
  { home, isDirectory }: PathPlace,
): CommonRoots {
  const own = normalise(home, home) ?? '/';
  const found = new Set<string>();
  const explained = new Set<string>();
  for (const text of paths) {
    const path = normalise(text, own);
    if (path === undefined) continue;
    explained.add(parentOf(path));
    found.add(isDirectory(path) ? path : parentOf(path));
  }
  for (const text of roots) {
    const root = normalise(text, own);
    if (root !== undefined && !explained.has(root)) found.add(root);
  }
  const isTooWide = (path: string): boolean => holds(path, own);
  const all = [...found].sort();
  const usable = joinSiblings(outermost(all.filter((path) => !isTooWide(path))), isTooWide);
  return { roots: usable.map((path) => shorten(path, own)), tooWide: all.filter(isTooWide) };
}

/** Absolute, without `.`, `..` and a slash at its end; undefined where it is no plain path. */
function normalise(text: string, home: string): string | undefined {
  const plain = text.replace(/^file:\/\/(localhost)?(?=\/)/i, '');
  if (plain.length > LONGEST || DOUBTFUL.test(plain) || plain.trim() !== plain) return undefined;
  const whole = plain === '~' || plain.startsWith('~/') ? `${home}${plain.slice(1)}` : plain;
  if (!whole.startsWith('/') || whole.startsWith('//')) return undefined;
  const segments: string[] = [];
  for (const segment of whole.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** `inner` is `outer` or lies below it. */
function holds(outer: string, inner: string): boolean {
  return outer === '/' || inner === outer || inner.startsWith(`${outer}/`);
}

/** @param sorted so that what holds another comes before it */
function outermost(sorted: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const path of sorted) if (!kept.some((outer) => holds(outer, path))) kept.push(path);
  return kept;
}

/** Replaces the most numerous siblings by their parent until there are few, as long as no parent is too wide. */
function joinSiblings(paths: readonly string[], isTooWide: (path: string) => boolean): readonly string[] {
  let left = paths;
  while (left.length > MOST_ROOTS) {
    const children = new Map<string, number>();
    for (const path of left) children.set(parentOf(path), (children.get(parentOf(path)) ?? 0) + 1);
    const [parent] = [...children]
      .filter(([path, count]) => count > 1 && !isTooWide(path))
      .sort(([one, many], [other, more]) => more - many || other.length - one.length)
      .map(([path]) => path);
    if (parent === undefined) return left;
    left = outermost([...left.filter((path) => !holds(parent, path)), parent].sort());
  }
  return left;
}

function shorten(path: string, home: string): string {
  return home !== '/' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

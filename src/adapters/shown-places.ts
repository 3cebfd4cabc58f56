// Which places of the machine a sandbox shows: the one door for working directory, `readable`, `writable` and the program, each judged
// before it is bound. Knows no config and starts nothing. INVARIANT: what is bound is what was judged: nobody but root and the guard's user
// can put another thing in its place, and it is neither the guard's nor another tenant's nor the machine's own.
import * as fs from 'node:fs';
import type { ForeignPlace } from '../config/foreign-places.ts';
import { walkKeptPath } from '../config/kept-path.ts';
import { GuardError } from '../guard-error.ts';
import { showInert } from '../wire/inert-text.ts';

export interface JudgeInput {
  readonly server: string;
  readonly tenant: string;
  /** Of the guard. */
  readonly uid: number | undefined;
  /** Made by the guard for this server, in directories of its own. */
  readonly own: readonly string[];
  /** The state and the homes of all tenants. */
  readonly closed: readonly string[];
  /** Where this tenant's servers write, all of them. */
  readonly writable: readonly string[];
  /** What other tenants have been given. */
  readonly foreign: readonly ForeignPlace[];
}

/** What stands to be bound for a path. @throws GuardError isolation_unavailable */
export type Judge = (path: string, access: ForeignPlace['access']) => string;

/** Shown whole, one of them is the machine; what lies below may be named, but for the last three. */
const MACHINE = [
  '/',
  '/boot',
  '/etc',
  '/home',
  '/opt',
  '/root',
  '/run',
  '/tmp',
  '/usr',
  '/var',
  '/dev',
  '/proc',
  '/sys',
];
const KERNEL = MACHINE.slice(-3);

export function createJudge({ server, tenant, uid, own, closed, writable, foreign }: JudgeInput): Judge {
  const keepers = { uid, writable: writable.filter((path) => !own.includes(path)) };
  const guards = closed.map(realPath);
  const others = foreign
    .filter(({ path, onlyDirectory }) => onlyDirectory !== true || isDirectory(path))
    .map((place) => ({ ...place, path: realPath(place.path) }));
  return (path, access) => {
    if (own.includes(path)) return path;
    const refuse = (why: string, hint: string): GuardError =>
      new GuardError(
        'isolation_unavailable',
        `the sandbox of \`${server}\` of the tenant \`${tenant}\` would show \`${showInert(path)}\`, ${why}`,
        { hint },
      );
    const walked = walk(path);
    if (walked.kind === 'absent') throw refuse('which is not there', 'make it, or take it out');
    if (walked.kind === 'replaceable') {
      const hint = 'keep it where only root can write, or list the directory that holds it in `isolation.writable`';
      throw refuse(`and another thing could be put there: ${showInert(walked.why)}`, hint);
    }
    const { real } = walked;
    if (guards.some((place) => touch(real, place))) throw refuse('where the guard keeps its state', SMALLER);
    if (MACHINE.includes(real) || KERNEL.some((place) => lies(real, place)))
      throw refuse('which is of the whole machine', SMALLER);
    const meets = ({ path: theirs, isAbove }: ForeignPlace): boolean =>
      isAbove === true ? lies(theirs, real) : touch(real, theirs);
    if (others.some((other) => (access === 'write' || other.access === 'write') && meets(other)))
      throw refuse('where another tenant has a directory, or the guard a secret or its config', APART);
    return real;
  };

  function walk(path: string): ReturnType<typeof walkKeptPath> | { readonly kind: 'absent' } {
    try {
      return walkKeptPath(path, keepers);
    } catch {
      return { kind: 'absent' };
    }
  }
}

const SMALLER = 'name a smaller directory';
const APART = 'give each tenant directories of its own, and keep secrets and config in none of them';

/**
 * The working directory and `writable` without what lies in another of them, and `readable` without what lies in those: it is seen there,
 * and a link in it leads to nothing outside. Bound by itself it would be what a server made of it in an earlier session.
 */
export function listOutermost(
  writable: readonly string[],
  readable: readonly string[],
): { readonly writable: readonly string[]; readonly readable: readonly string[] } {
  const outermost = [...new Set(writable)].filter(
    (path) => !writable.some((other) => other !== path && lies(path, other)),
  );
  return {
    writable: outermost,
    readable: [...new Set(readable)].filter((path) => !outermost.some((other) => lies(path, other))),
  };
}

function lies(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}

function touch(one: string, other: string): boolean {
  return lies(one, other) || lies(other, one);
}

function realPath(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return path;
  }
}

/** What cannot be looked at may be one. */
function isDirectory(path: string): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return true;
  }
}

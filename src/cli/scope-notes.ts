// What is legal in the scopes of a config and yet rarely meant: servers that are granted nothing, roots that are not there, prefixes
// of paths and URLs. No errors. Looks whether directories are there; knows no rule's meaning beyond that.
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { entriesOf, showPath, valueAt } from '../config/json-path.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import type { ConfigNote } from './config-notes.ts';

const PATH = /^(?:~|\.{0,2}[/\\]|[A-Za-z]:[/\\])/;
const URL = /^[a-z][a-z0-9+.-]*:\/\//i;

/** @param userHome `HOME` of the guard; a server may have its own */
export function listScopeNotes(
  { scopes, servers }: Pick<Policy, 'scopes' | 'servers'>,
  userHome: string | undefined,
): readonly ConfigNote[] {
  if (scopes === undefined) return [];
  const home = userHome || homedir();
  const named = [...scopes.keys()].map((name) => `\`${name}\``).join(', ') || 'none yet';
  const bare = [...servers.values()].filter(({ scope }) => scope?.name === '');
  const rules = [...scopes].flatMap(([name, { source }]) => {
    const users = [...servers.values()].filter(({ scope }) => scope?.name === name);
    const homes = new Set(users.length === 0 ? [home] : users.map((server) => homeOf(server) ?? home));
    return listConstraints(source).flatMap(({ path, constraint }) => {
      const at = ['scopes', name, ...path];
      return [...listRoots(constraint, homes, at), ...listPrefix(constraint, at)];
    });
  });
  return [
    ...bare.map(({ id, mode }) => ({
      path: showPath(['servers', id, 'scope']),
      text:
        mode === 'observe'
          ? `there is none, so every call would be denied, and is recorded as such: name one (there is ${named})`
          : `there is none, so everything is denied to this server: name one (there is ${named})`,
    })),
    ...rules,
  ];
}

interface Place {
  readonly path: readonly (string | number)[];
  readonly constraint: unknown;
}

function listConstraints(scope: unknown): readonly Place[] {
  const grants = valueAt(scope, ['grants']);
  return (Array.isArray(grants) ? grants : []).flatMap((grant, index) =>
    entriesOf(valueAt(grant, ['args'])).map(([pointer, constraint]) => ({
      path: ['grants', index, 'args', pointer],
      constraint,
    })),
  );
}

function listRoots(constraint: unknown, homes: ReadonlySet<string>, at: Place['path']): readonly ConfigNote[] {
  const roots = valueAt(constraint, ['within']);
  return (Array.isArray(roots) ? roots : []).flatMap((root, index) => {
    if (typeof root !== 'string') return [];
    const places = [...homes].map((home) => root.replace(/^(?:~|\$\{HOME\})(?=[\\/]|$)/, () => home));
    return [...new Set(places)]
      .filter((place) => !isThere(place))
      .map((place) => ({
        path: showPath([...at, 'within', index]),
        text: `there is no \`${place}\`: until it is made, calls can name nothing that exists`,
      }));
  });
}

function listPrefix(constraint: unknown, at: Place['path']): readonly ConfigNote[] {
  const prefix = valueAt(constraint, ['prefix']);
  if (typeof prefix !== 'string') return [];
  const path = showPath([...at, 'prefix']);
  const shown = prefix.length <= 64 ? `\`${prefix}\`` : 'it';
  if (URL.test(prefix)) {
    return [{ path, text: `${shown} looks like a URL, and URLs of other hosts may begin so, too: use \`host\`` }];
  }
  return PATH.test(prefix)
    ? [{ path, text: `${shown} looks like a path, and \`..\` leads out of a prefix: use \`within\`` }]
    : [];
}

function homeOf({ env }: ServerPolicy): string | undefined {
  return env.HOME?.kind === 'literal' ? env.HOME.text : undefined;
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

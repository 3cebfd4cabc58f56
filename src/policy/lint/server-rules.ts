// The rules about how a server is started and whether anything restricts it: scope, code, secrets, environment. Pure.
// TRUST: what stands in `env`, `args` and `headers` is never quoted, but for the names of variables and of packages.
import { showInert } from '../../wire/inert-text.ts';
import type { Json } from '../../wire/json.ts';
import { listOf, memberOf, objectOf } from '../../wire/json.ts';
import { type Found, quoteName, quoteNames } from './finding.ts';
import type { Launched, LintInput, LintServer, Path } from './lint-input.ts';
import { hasWord, wordsOf } from './name-words.ts';
import { isSecretName, secretKind } from './secret-shape.ts';

const LONGEST_WHY = 300;

export function findUnscoped({ servers, hasScopes, scopes }: LintInput): readonly Found[] {
  return servers.flatMap((server): readonly Found[] => {
    const { id, scopeName, scope } = server;
    const path = ['servers', id, 'scope'];
    if (scope !== 'unscoped' && scope.mode === 'observe') {
      const text = `${quoteName(id)} is only observed: what its scope denies is let pass`;
      return [{ path: ['servers', id, 'mode'], server: id, text, mend: 'remove `mode: "observe"`' }];
    }
    if (scopeName !== undefined) return [];
    const there = hasScopes ? ` (there is ${quoteNames(scopes.map(({ name }) => name))})` : '';
    return [
      {
        path,
        server: id,
        text: hasScopes
          ? `${quoteName(id)} names no scope, so nothing is granted to it`
          : `${quoteName(id)} has no scope: whatever it offers can be called`,
        mend: `${hasScopes ? 'name' : 'write `scopes` and name'} one in \`servers.${id}.scope\`${there}`,
      },
    ];
  });
}

export function findNotAsked({ servers, commandOptions }: LintInput): readonly Found[] {
  return servers.flatMap(({ id, notAsked, offer }): readonly Found[] => {
    if (notAsked === undefined) return [];
    const instead = offer === undefined ? '' : '; what it offered before is judged instead';
    const why = showInert(notAsked.length > LONGEST_WHY ? `${notAsked.slice(0, LONGEST_WHY)}…` : notAsked);
    return [
      {
        path: ['servers', id],
        server: id,
        text: `${quoteName(id)} did not say what it offers: ${why}${instead}`,
        mend: `set that right; \`mcp-guard run --server ${id}${commandOptions}\` says the same, and what the server says beside`,
      },
    ];
  });
}

export function findUnpinned({ servers }: LintInput): readonly Found[] {
  return servers.flatMap(({ id, launched }): readonly Found[] => {
    if (launched === undefined || isPinned(launched)) return [];
    const { kind, spec, index } = launched;
    return [
      {
        path: ['servers', id, 'args', index],
        server: id,
        text: `${quoteName(shownSpec(spec))} is ${WHATEVER[kind]} at each start: definitions are pinned, code is not`,
        mend: PINNING[kind],
      },
    ];
  });
}

const WHATEVER = {
  npm: 'whatever version the registry gives',
  python: 'whatever version the index gives',
  image: 'whatever image stands behind the tag',
  url: 'whatever the address answers',
} as const;
const PINNING = {
  npm: 'write the exact version, as `name@1.2.3`',
  python: 'write the exact version, as `name==1.2.3`',
  image: 'write a digest, as `name@sha256:…`, or at least a version',
  url: 'install it, or take a version that cannot change',
} as const;

/** TRUST: a URL may hold a token. */
function shownSpec(spec: string): string {
  return spec.replace(/\/\/[^/@\s]*@/, '//…@').replace(/\?.*$/s, '?…');
}

/** A local path is the operator's own. */
export function isPinned({ kind, spec }: Launched): boolean {
  if (/^(?:\.{0,2}\/|~|file:|[A-Za-z]:[\\/])/.test(spec) || spec === '.') return true;
  if (/^git(?:hub|lab)?[+:]|\.git(?:[@#]|$)/.test(spec)) return /[@#][0-9a-f]{40}$/.test(spec);
  switch (kind) {
    case 'npm':
      return /.@v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(spec);
    case 'python':
      return /(?:===?|@)\s*v?\d+(?:\.\d+)+[\w.+-]*$/.test(spec);
    case 'image':
      return /@sha256:[0-9a-f]{64}$/.test(spec) || (/:[^/:@]+$/.test(spec) && !/:latest$/.test(spec));
    case 'url':
      return /@v?\d+\.\d+\.\d+/.test(spec);
  }
}

/** Those of tenants, too, whose blocks hold servers of their own. */
export function findSecrets({ servers, document: config }: LintInput): readonly Found[] {
  const own = Object.entries(objectOf(memberOf(config, 'tenants'))).flatMap(([tenant, block]) =>
    Object.entries(objectOf(memberOf(block, 'servers'))).map(([id, written]) => {
      return { id, document: objectOf(written), at: ['tenants', tenant, 'servers', id] };
    }),
  );
  return [...servers.map((one) => ({ ...one, at: ['servers', one.id] })), ...own].flatMap(({ id, document, at }) => {
    const args = listOf(memberOf(document, 'args'));
    const places: readonly (readonly [Path, string, Json | undefined])[] = [
      ...args.map((arg, index) => [['args', index], optionBefore(args, index), arg] as const),
      ...['env', 'headers'].flatMap((block) =>
        Object.entries(objectOf(memberOf(document, block))).map(
          ([name, value]) => [[block, name], name, value] as const,
        ),
      ),
      [['url'], '', memberOf(document, 'url')],
      [['command'], '', memberOf(document, 'command')],
    ];
    return places.flatMap(([below, name, value]): readonly Found[] => {
      const text = typeof value === 'string' ? literalOf(below, value) : undefined;
      const kind = text === undefined ? undefined : secretKind(optionValue(text), name);
      if (kind === undefined) return [];
      return [
        {
          path: [...at, ...below],
          server: id,
          text: `holds ${kind}: whoever reads the file, or its history, has it`,
          mend: 'make a new one; put it into `env` as `env:NAME` or `file:/path`, and let the server read the variable',
        },
      ];
    });
  });
}

/** A reference is no secret. `literal:` says that what follows is one, or only looks like a reference. */
function literalOf([block]: Path, value: string): string | undefined {
  if (block !== 'env') return value;
  if (/^(?:env|file|exec|keychain):/.test(value)) return undefined;
  return value.replace(/^literal:/, '');
}

/** `--token=x` and `TOKEN=x` carry their own name; `--token x` and `-e TOKEN=x` have it before them. */
function optionBefore(args: readonly Json[], index: number): string {
  const [own, before] = [args[index], args[index - 1]];
  const named = typeof own === 'string' ? /^-{0,2}([A-Za-z][\w-]*)=/.exec(own)?.[1] : undefined;
  if (named !== undefined) return named;
  return typeof before === 'string' && /^-/.test(before) && !before.includes('=') ? before : '';
}

function optionValue(text: string): string {
  return text.replace(/^-{0,2}[A-Za-z][\w-]*=(?=.)/, '');
}

/** They load code into every process below. */
const LOADERS = /^(?:NODE_OPTIONS|LD_.*|DYLD_.*|BASH_ENV|PYTHONSTARTUP|PYTHONPATH|PERL5OPT|RUBYOPT|JAVA_TOOL_OPTIONS)$/;
/** Words of a variable that say nothing of whose it is. */
const COMMON = new Set(
  'token secret password passwd pwd key api access private credential credentials auth id id file path url host user name default app my the client session personal pat'.split(
    ' ',
  ),
);

export function findWideEnvironment({ servers }: LintInput): readonly Found[] {
  return servers.flatMap((server) => {
    const passed = listOf(memberOf(server.document, 'passEnv')).filter((one): one is string => typeof one === 'string');
    return passed.flatMap((name, index): readonly Found[] => {
      const why = whyTooWide(name, server, servers);
      if (why === undefined) return [];
      const path = ['servers', server.id, 'passEnv', index];
      return [
        {
          path,
          server: server.id,
          text: `${quoteName(name)} ${why}`,
          mend: 'remove it from `passEnv`, or name what the server needs in `env`',
        },
      ];
    });
  });
}

function whyTooWide(name: string, server: LintServer, all: readonly LintServer[]): string | undefined {
  if (/[*?]/.test(name)) return 'passes whatever variable comes under such a name';
  if (LOADERS.test(name)) return 'loads code into the server';
  if (!isSecretName(name)) return undefined;
  const others = all.filter((one) => one !== server && listOf(memberOf(one.document, 'passEnv')).includes(name));
  if (others.length > 0) return `is a secret that ${quoteNames(others.map(({ id }) => id))} get, too`;
  const own = wordsOf(name).filter((word) => !COMMON.has(word));
  const words = new Set([server.id, ...startWords(server)].flatMap(wordsOf));
  // `SECRET` alone says nothing about whose it is
  return own.length === 0 || hasWord(own, words)
    ? undefined
    : `is a secret that nothing of ${quoteName(server.id)} seems to need`;
}

function startWords({ document, launched }: LintServer): readonly string[] {
  const command = memberOf(document, 'command');
  return [typeof command === 'string' ? command : '', launched?.spec ?? ''];
}

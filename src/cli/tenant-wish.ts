// What `mcp-guard tenant add` is asked to write, out of its options. Knows no config. INVARIANT: no error quotes what may be a secret.
import { readWords } from '../config/env-value.ts';
import { GuardError } from '../guard-error.ts';
import type { TenantWish } from '../policy/propose/tenant-block.ts';
import { DEFAULT_TENANT } from './bare-run.ts';

export interface WishFlags {
  /** `SERVER:NAME=REFERENCE` */
  readonly env?: readonly string[] | undefined;
  /** `SERVER:["WORD", …]` */
  readonly args?: readonly string[] | undefined;
  /** `SERVER:PATTERN` */
  readonly allow?: readonly string[] | undefined;
  readonly isolation?: string | undefined;
  readonly uid?: string | undefined;
  /** Domains, for L3. */
  readonly network?: readonly string[] | undefined;
  readonly readable?: readonly string[] | undefined;
  readonly writable?: readonly string[] | undefined;
}

/** As env-value.ts reads it; what is wrong behind the colon is found with the rest of the config. */
const REFERENCE = /^(?:env|file|exec|keychain):./;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_()]*$/;
const LEVELS = ['L0', 'L1', 'L2', 'L3'];

/** @throws GuardError usage */
export function readWish(id: string, flags: WishFlags): TenantWish {
  const { env = [], args = [], allow = [], isolation, uid, network, readable, writable } = flags;
  if (id === DEFAULT_TENANT)
    throw misused(id, 'is no customer', 'everything that names no tenant is of this one: give another name');
  if (isolation !== undefined && !LEVELS.includes(isolation))
    throw misused(`--isolation ${isolation}`, 'is no level', `use one of ${LEVELS.join(', ')}`);
  if (uid !== undefined && !/^[1-9][0-9]{0,8}$/.test(uid))
    throw misused(`--uid ${uid}`, 'is no user', 'give a number from 1 to 999999999 that nobody else has; 0 is root');
  const variables = env.map(readVariable);
  const twice = variables.find(
    (one, at) => variables.findIndex(({ server, name }) => server === one.server && name === one.name) < at,
  );
  if (twice !== undefined)
    throw misused(`--env ${twice.server}:${twice.name}`, 'is given twice', 'give each variable once');
  const level = isolation === undefined ? {} : { required: isolation };
  const user = uid === undefined ? {} : { uid: Number(uid) };
  const lists = Object.entries({ network, readable, writable }).filter(([, list]) => list !== undefined);
  const wanted = { ...level, ...user, ...Object.fromEntries(lists) };
  return {
    id,
    env: variables,
    args: args.map(readArguments),
    allow: allow.map(readGrant),
    isolation: Object.keys(wanted).length === 0 ? undefined : wanted,
  };
}

/** INVARIANT: never shows the value: somebody may have written the secret itself there. */
function readVariable(text: string): TenantWish['env'][number] {
  const [, server, name, value] = /^([a-z0-9][a-z0-9-]{0,62}):([A-Za-z_][A-Za-z0-9_()]*)=(.+)$/.exec(text) ?? [];
  if (server === undefined || name === undefined || value === undefined)
    throw misused(
      '--env',
      `is not \`SERVER:NAME=REFERENCE\`: ${findOdd(text)}`,
      'write it as in `--env github:GITHUB_TOKEN=env:ACME_TOKEN`',
    );
  if (!REFERENCE.test(value))
    throw misused(
      `--env ${server}:${name}`,
      'is no reference',
      'a secret is never written down: use `env:NAME`, `file:PATH`, `exec:COMMAND` or `keychain:NAME`; a value that is none is written into the config by hand',
    );
  return { server, name, value };
}

/** Quotes nothing: the whole of it may be a secret. */
function findOdd(text: string): string {
  const [, before] = /^([^=]*)=/.exec(text) ?? [];
  if (before === undefined) return 'it has no `=`';
  const [, server, name] = /^([^:]*):(.*)$/.exec(before) ?? [];
  if (server === undefined || name === undefined) return 'it has no `:` before `=`';
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(server)) return 'what stands before `:` is no name of a server';
  return VARIABLE.test(name) ? 'nothing stands behind `=`' : 'what stands before `=` is no name of a variable';
}

/** The words of its own that a server is started with. */
function readArguments(text: string): TenantWish['args'][number] {
  const [, server, list = ''] = /^([a-z0-9][a-z0-9-]{0,62}):(\[.*\])$/.exec(text) ?? [];
  const words = server === undefined ? undefined : readWords(list);
  if (server === undefined || words === undefined)
    throw misused(
      '--args',
      'is not `SERVER:["WORD", …]`',
      'write all its words, as in `--args \'files:["-y","server-files","/srv/acme"]\'`',
    );
  return { server, words };
}

function readGrant(text: string): TenantWish['allow'][number] {
  const [, server, pattern] = /^([a-z0-9][a-z0-9-]{0,62}):(.+)$/.exec(text) ?? [];
  if (server === undefined || pattern === undefined)
    throw misused(`--allow ${text}`, 'is not `SERVER:PATTERN`', "write it as in `--allow 'github:get_*'`");
  return { server, pattern };
}

function misused(option: string, why: string, hint: string): GuardError {
  return new GuardError('usage', `\`${option}\` ${why}`, { hint });
}

// `mcp-guard tenant add <id>`: shows the block that it would write into the config, asks, writes it. What it writes does nothing before it is
// approved. Knows no notation and no file.
import { countErrors, type Diagnostic, showDiagnostic } from '../config/diagnostics.ts';
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';
import { planTenant, type TenantWish } from '../policy/propose/tenant-block.ts';
import type { Json } from '../wire/json.ts';
import { isSameJson } from '../wire/same-json.ts';
import { type Consent, confirm, refuseFromServer } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';
import type { InitTarget } from './scope-init-target.ts';

export interface AddFlags {
  /** `SERVER:NAME=REFERENCE` */
  readonly env?: readonly string[] | undefined;
  /** `SERVER:PATTERN` */
  readonly allow?: readonly string[] | undefined;
  readonly isolation?: string | undefined;
  readonly uid?: string | undefined;
  /** Domains, for L3. */
  readonly network?: readonly string[] | undefined;
  readonly readable?: readonly string[] | undefined;
  readonly yes?: boolean | undefined;
}

export interface AddContext {
  readonly target: InitTarget;
  readonly consent: Consent;
  /** @throws where it is no config */
  readonly parse: (text: string) => Json | undefined;
  /** For every tenant. */
  readonly check: (document: Json) => readonly Diagnostic[];
  /** @throws GuardError config_changed, config_unwritable */
  readonly write: (text: string) => void;
}

/** As env-value.ts reads it; what is wrong behind the colon is found with the rest of the config. */
const REFERENCE = /^(?:env|file|exec|keychain):./;

/** @returns the exit code: 0 @throws GuardError usage, server_listed, server_unknown, config_…, approval_declined */
export async function runTenantAdd(id: string, flags: AddFlags, io: CliIo, context: AddContext): Promise<number> {
  const { target, consent } = context;
  refuseFromServer(consent);
  const wish = readWish(id, flags);
  const { there, path } = target;
  if (there === undefined)
    throw new GuardError('config_missing', `there is no config \`${path}\``, {
      hint: 'make one with `mcp-guard scope init`, or name it with `--config FILE`',
    });
  const planning = planTenant(target.notation, there.text, there.document, wish);
  if (!planning.ok) throw unplanned(planning, id, path);
  const { plan, isFirst } = planning;
  checkPlan(plan, context);
  const paint = makePaint(io.color);
  io.stdout.write(`${paint('quiet', `+++ ${makeInert(path)}`)}\n`);
  for (const line of plan.added.trimEnd().split('\n')) io.stdout.write(`${paint('good', `+ ${makeInert(line)}`)}\n`);
  if (isFirst)
    io.stdout.write('it is the first one: from then on nothing starts without `--tenant` or a token that names one\n');
  if (flags.yes !== true) await confirm(consent, `add \`${id}\`?`, 'look at what it would write, then give `--yes`');
  context.write(plan.text);
  io.stdout.write(`added. If the config is locked, nothing of it holds before an approval:\n`);
  if (target.isProject) io.stdout.write(`  mcp-guard config allow ${quoteWord(path)}\n`);
  io.stdout.write(`  mcp-guard scope approve --config ${quoteWord(path)} --reason 'a new customer'\n`);
  return 0;
}

/** @throws GuardError usage */
function readWish(id: string, { env = [], allow = [], isolation, uid, network, readable }: AddFlags): TenantWish {
  const levels = ['L0', 'L1', 'L2', 'L3'];
  if (isolation !== undefined && !levels.includes(isolation))
    throw misused(`--isolation ${isolation}`, 'is no level', `use one of ${levels.join(', ')}`);
  if (uid !== undefined && !/^[1-9][0-9]{0,8}$/.test(uid))
    throw misused(`--uid ${uid}`, 'is no user', 'give the number of a user that nobody else has');
  const level = isolation === undefined ? {} : { required: isolation };
  const user = uid === undefined ? {} : { uid: Number(uid) };
  const reach = { ...(network === undefined ? {} : { network }), ...(readable === undefined ? {} : { readable }) };
  const wanted = { ...level, ...user, ...reach };
  return {
    id,
    env: env.map(readVariable),
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
      'is not `SERVER:NAME=REFERENCE`',
      'write it as in `--env github:GITHUB_TOKEN=env:ACME_TOKEN`',
    );
  if (!REFERENCE.test(value))
    throw misused(
      `--env ${server}:${name}`,
      'is no reference',
      'a secret is never written down: use `env:NAME`, `file:PATH`, `exec:COMMAND` or `keychain:NAME`',
    );
  return { server, name, value };
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

function unplanned(why: Extract<ReturnType<typeof planTenant>, { ok: false }>, id: string, path: string): GuardError {
  if (why.why === 'not_an_object')
    return new GuardError('config_invalid', `\`${path}\` holds no config`, {
      hint: 'name another with `--config FILE`',
    });
  if (why.why === 'server_unknown')
    return new GuardError('server_unknown', `\`${path}\` has no server \`${why.server}\``, {
      hint: 'a server of this tenant alone is written into the config by hand',
    });
  return new GuardError('server_listed', `\`${path}\` has a tenant \`${id}\` already: nothing is overwritten`, {
    hint: 'give another name, or edit the config by hand',
  });
}

/** INVARIANT: what is written means what was there and what is shown, nothing else; and it is a config that `run` takes. */
function checkPlan(
  { text, document, added }: { readonly text: string; readonly document: Json; readonly added: string },
  { target: { path }, parse, check }: AddContext,
): void {
  let meant: Json | undefined;
  try {
    meant = parse(text);
  } catch {
    // the same as another meaning
  }
  if (!isSameJson(meant, document)) {
    throw new GuardError('config_unwritable', `\`${path}\` is written in a form that cannot be added to`, {
      hint: `add this by hand:\n${added}`,
    });
  }
  const diagnostics = check(document);
  if (diagnostics.length === 0) return;
  const lines = diagnostics.map((diagnostic) => `  ${showDiagnostic(diagnostic)}`);
  throw new GuardError(
    'config_invalid',
    [`with it \`${path}\` would have ${countErrors(diagnostics)}:`, ...lines].join('\n'),
    { hint: 'mend them, then try again; nothing was written' },
  );
}

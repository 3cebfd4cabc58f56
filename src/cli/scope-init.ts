// `mcp-guard scope init`: starts a server once, lists what it offers, and proposes the smallest scope of it. Shows what it would
// write, and writes it after a yes. Knows neither how a server is asked nor how a file is replaced.
import type { ListedServer } from '../adapters/list-server.ts';
import type { Diagnostic } from '../config/diagnostics.ts';
import { ownArguments } from '../config/own-arguments.ts';
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';
import type { ServerUse } from '../policy/lint/tool-use.ts';
import type { PathPlace } from '../policy/propose/common-roots.ts';
import { type ConfigPlan, planConfig } from '../policy/propose/new-config.ts';
import { type Proposal, proposeScope } from '../policy/propose/proposal.ts';
import type { ProposedServer } from '../policy/propose/proposed-document.ts';
import type { Json } from '../wire/json.ts';
import { checkWritten } from './check-written.ts';
import { type Consent, refuseFromServer } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { formatInit, formatWritten } from './scope-init-screen.ts';
import type { InitTarget } from './scope-init-target.ts';

export interface ScopeInitOptions {
  readonly server: ProposedServer;
  /** Under which name its use is on record; undefined: its own. */
  readonly usedAs?: string | undefined;
  /** Only from what is on record: where nothing is, nothing is proposed. */
  readonly fromAudit: boolean;
  /** Do not ask. */
  readonly yes: boolean;
}

export interface ScopeInitContext {
  readonly target: InitTarget;
  /** Starts the server, and ends it. Keeps what it offers, for `scope lint` and `scope show`. */
  readonly list: () => Promise<ListedServer>;
  /** @param server as the record calls it */
  readonly readUse: (server: string) => ServerUse | undefined;
  /** As a bare run of the same command is recorded. */
  readonly bareName: string;
  readonly place: PathPlace;
  /** What the text would mean as the config of `target`. */
  readonly parse: (text: string) => Json | undefined;
  readonly check: (document: Json) => readonly Diagnostic[];
  /** Errors that `scope lint` would find in it, and what else there is to say: sentences. */
  readonly advise: (document: Json) => readonly string[];
  /** There is a lock: what is added does nothing until it is approved. */
  readonly isLocked: boolean;
  /** @throws GuardError config_changed, config_unwritable */
  readonly write: (text: string) => void;
  readonly consent: Consent;
}

const NOTHING: Proposal = { basis: 'offer', granted: [], held: [], unnameable: [], missing: [] };

/** @returns 0 @throws GuardError usage, server_listed (64), upstream_… (69), config_declined, approval_declined (77), config_… (74, 78) */
export async function runScopeInit(options: ScopeInitOptions, io: CliIo, context: ScopeInitContext): Promise<number> {
  const { server, fromAudit } = options;
  const { target, consent } = context;
  const { ask } = consent;
  refuseFromServer(consent);
  // before a process is started for nothing
  plan(target, server, NOTHING);
  if (!options.yes && ask === undefined) {
    throw new GuardError('config_declined', 'there is no terminal to ask on', {
      hint: 'run it on a terminal, or add `--yes`: then what it proposes is written unseen',
    });
  }
  const { usedAs = server.name } = options;
  const use = context.readUse(usedAs);
  // INVARIANT: only named: what other programs of that name did is nothing to propose from unasked
  const isElsewhere =
    !hasUse(use) &&
    options.usedAs === undefined &&
    context.bareName !== usedAs &&
    hasUse(context.readUse(context.bareName));
  if ((fromAudit || options.usedAs !== undefined) && !hasUse(use)) {
    throw new GuardError('usage', `no use of \`${usedAs}\` is on record`, {
      hint: isElsewhere
        ? `without a config this command is on record as \`${context.bareName}\`: add \`--used-as ${context.bareName}\``
        : 'run it behind `mcp-guard run` for a while, or name it with `--used-as` as it is called in `mcp-guard audit tail`',
    });
  }
  const listed = await context.list();
  if (listed.kind !== 'listed') throw notListed(listed, server);
  const { listing } = listed;
  const { place } = context;
  const proposal = proposeScope({
    lists: listing.lists,
    use,
    ownPaths: ownArguments(server.command, server.args).filter(isAbsolutePath),
    place,
  });
  const planned = plan(target, server, proposal);
  checkWritten(planned, {
    ...context,
    path: target.path,
    byHand: 'add this by hand, or write elsewhere with `--out FILE`',
  });
  const advice = context.advise(planned.document);
  io.stdout.write(
    formatInit(
      {
        ...{ server, listing, use, usedAs, proposal, target, advice },
        ...{ plan: planned, isLocked: context.isLocked, bareName: isElsewhere ? context.bareName : undefined },
      },
      io,
    ),
  );
  if (!options.yes) await confirm(target, ask);
  context.write(planned.text);
  io.stdout.write(formatWritten(target, server.name, io));
  return 0;
}

function hasUse(use: ServerUse | undefined): boolean {
  return use !== undefined && Object.values(use.byKind).some((names) => names.size > 0);
}

/** @throws GuardError server_listed, config_invalid */
function plan({ path, notation, there }: InitTarget, server: ProposedServer, proposal: Proposal): ConfigPlan {
  const planning = planConfig(notation, there, server, proposal);
  if (planning.ok) return planning.plan;
  if (planning.why === 'not_an_object') {
    throw new GuardError('config_invalid', `\`${path}\` holds no config`, { hint: 'name another file with `--out`' });
  }
  const what = planning.why === 'server_there' ? 'server' : 'scope';
  throw new GuardError(
    'server_listed',
    `\`${path}\` has a ${what} \`${server.name}\` already: nothing is overwritten`,
    {
      hint: 'give another name with `--server NAME`, write elsewhere with `--out FILE`, or edit it by hand',
    },
  );
}

function notListed(listed: Exclude<ListedServer, { kind: 'listed' }>, server: ProposedServer): GuardError {
  if (listed.kind === 'unstartable') return new GuardError('upstream_unstartable', listed.why);
  const names = server.passEnv.length === 0 ? 'as under a config it gets only a short list of variables: ' : '';
  return new GuardError('upstream_failed', `\`${server.name}\` does not say what it offers: ${listed.why}`, {
    hint: `${names}\`--pass-env NAME\` passes one more; its own words stand above`,
  });
}

async function confirm({ path }: InitTarget, ask: Consent['ask']): Promise<void> {
  const answer = (await ask?.(`write this to \`${makeInert(path)}\`? [y/N] `)) ?? '';
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new GuardError('config_declined', 'nothing was written', {
    hint: `answer \`y\` to write it, or write elsewhere with \`--out ${quoteWord('mcp-guard.yaml')}\``,
  });
}

function isAbsolutePath(argument: string): boolean {
  return argument.startsWith('/');
}

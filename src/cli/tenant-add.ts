// `mcp-guard tenant add <id>`: shows the block that it would write into the config, asks, writes it. What it writes does nothing before it is
// approved. Knows no notation and no file.
import type { Diagnostic } from '../config/diagnostics.ts';
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';
import { planTenant } from '../policy/propose/tenant-block.ts';
import type { Json } from '../wire/json.ts';
import { checkWritten } from './check-written.ts';
import { type Consent, confirm, refuseFromServer } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';
import type { InitTarget } from './scope-init-target.ts';
import { listAddNotes, refuseUnkept } from './tenant-add-notes.ts';
import { readWish, type WishFlags } from './tenant-wish.ts';
import { wrapWords } from './text-width.ts';

export interface AddFlags extends WishFlags {
  readonly yes?: boolean | undefined;
}

export interface AddContext {
  readonly target: InitTarget;
  readonly consent: Consent;
  /** @throws where it is no config */
  readonly parse: (text: string) => Json | undefined;
  /** For every tenant. */
  readonly check: (document: Json) => readonly Diagnostic[];
  /** What of its isolation does not hold on this machine, a sentence each. */
  readonly look: (document: Json) => readonly string[];
  /** @throws GuardError config_changed, config_unwritable */
  readonly write: (text: string) => void;
}

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
  checkWritten(plan, { ...context, path, byHand: 'add this by hand' });
  refuseUnkept(wish, plan.document);
  const paint = makePaint(io.color);
  io.stdout.write(`${paint('quiet', `+++ ${makeInert(path)}`)}\n`);
  for (const line of plan.added.trimEnd().split('\n')) io.stdout.write(`${paint('good', `+ ${makeInert(line)}`)}\n`);
  if (isFirst)
    io.stdout.write('it is the first one: from then on nothing starts without `--tenant`\nor a token that names one\n');
  for (const note of [...listAddNotes(wish, plan.document, there.document), ...context.look(plan.document)])
    for (const line of wrapWords(makeInert(note), io.columns)) io.stdout.write(`${paint('warn', line)}\n`);
  if (flags.yes !== true) await confirm(consent, `add \`${id}\`?`, 'look at what it would write, then give `--yes`');
  context.write(plan.text);
  io.stdout.write('added. If the config is locked, nothing of it holds before an approval:\n');
  if (target.isProject) io.stdout.write(`  mcp-guard config allow ${quoteWord(path)}\n`);
  io.stdout.write(`  mcp-guard scope approve --config ${quoteWord(path)} --reason 'a new customer'\n`);
  return 0;
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

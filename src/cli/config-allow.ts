// `mcp-guard config allow [FILE]`: from now on this project's file, with exactly these bytes, is the policy when the guard
// starts in its directory. The one door through which a file of a working directory comes to count.
import { basename, dirname, join, resolve } from 'node:path';
import { allowedConfigsPath, checkAllowed, NOTHING_ALLOWED } from '../adapters/allowed-configs.ts';
import { openStateDocument } from '../adapters/state-document.ts';
import { makePrivateDir } from '../adapters/state-paths.ts';
import { countErrors } from '../config/diagnostics.ts';
import { findProjectFile, isProjectFile, isProjectFileOf } from '../config/find-config.ts';
import { followPath } from '../config/followed-path.ts';
import { type LoadContext, readConfigFile, tryLoad } from '../config/load-config.ts';
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';
import { type Consent, refuseFromServer } from './consent.ts';
import { makeInert, makeInertLines } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';

export interface ConfigAllowOptions {
  /** Without it the project's file of `cwd`. */
  readonly file?: string | undefined;
  /** Do not ask. */
  readonly yes?: boolean | undefined;
  /** Take the permission back instead. */
  readonly forget?: boolean | undefined;
}

export interface ConfigAllowContext extends LoadContext {
  readonly cwd: string;
  readonly stateDir: string;
  /** The wall clock, ms. */
  readonly nowMs: () => number;
  readonly consent: Consent;
}

/** @returns 0 @throws GuardError usage, config_… (78), config_declined, approval_declined (77), state_… (74) */
export async function runConfigAllow(
  options: ConfigAllowOptions,
  io: CliIo,
  context: ConfigAllowContext,
): Promise<number> {
  // INVARIANT: no server says what counts, not even by taking a permission back: then another config would
  refuseFromServer(context.consent);
  if (options.forget === true) return forget(options.file, io, context);
  const path = placeOf(options.file ?? findProjectFile(context.cwd), context.cwd);
  const place = { path, origin: 'flag', digest: undefined } as const;
  const { text, digest } = readConfigFile(place, context.uid);
  // what was read is what is checked and allowed, whatever happens to the file meanwhile
  const loading = tryLoad({ ...place, digest }, context);
  const paint = makePaint(io.color);
  io.stdout.write(`${makeInertLines(text).trimEnd()}\n\n`);
  io.stdout.write(`${paint('quiet', 'file')}    ${makeInert(path)}\n${paint('quiet', 'sha-256')} ${digest}\n`);
  if (!loading.ok) {
    throw new GuardError('config_invalid', `\`${path}\` has ${countErrors(loading.diagnostics)}`, {
      hint: `run \`mcp-guard config check --config ${quoteWord(path)}\``,
    });
  }
  await confirm(options, context, dirname(path));
  await openAllowed(io, context).update((current) => ({
    version: 1,
    allowed: [...current.allowed.filter((entry) => entry.path !== path), { path, digest }],
  }));
  io.stdout.write(
    `${paint('good', 'allowed')}: until it changes, it is the policy of guards started in ${makeInert(dirname(path))}\n`,
  );
  return 0;
}

/** Without a file it is the one on record for this directory, which may have vanished. */
async function forget(file: string | undefined, io: CliIo, context: ConfigAllowContext): Promise<number> {
  const directory = followPath(context.cwd);
  const named = file === undefined ? undefined : placeOf(file, context.cwd);
  let recorded: readonly string[] = [];
  let path: string | undefined;
  await openAllowed(io, context).update((current) => {
    const paths = current.allowed.map((entry) => entry.path);
    recorded = paths.filter((one) => (named === undefined ? isProjectFileOf(one, directory) : one === named));
    path = recorded.length === 1 ? recorded[0] : undefined;
    return path === undefined
      ? current
      : { version: 1, allowed: current.allowed.filter((entry) => entry.path !== path) };
  });
  if (recorded.length > 1) {
    const shown = recorded.map((one) => `\`${one}\``).join(' and ');
    throw new GuardError('config_ambiguous', `several files are allowed in \`${directory}\`: ${shown}`, {
      hint: `name one, as in \`mcp-guard config allow --forget ${quoteWord(recorded[0] ?? '')}\``,
    });
  }
  const nothing = named === undefined ? `nothing was allowed in ${directory}` : `was not allowed: ${named}`;
  io.stdout.write(`${path === undefined ? makeInert(nothing) : `forgotten: ${makeInert(path)}`}\n`);
  return 0;
}

/** The path by which a guard would know it. @throws GuardError where it would never look for it */
function placeOf(found: string | undefined, cwd: string): string {
  if (found === undefined) {
    throw new GuardError('usage', `there is no project's config in \`${cwd}\``, {
      hint: 'write `mcp-guard.config.json`, or name another file',
    });
  }
  const named = resolve(cwd, found);
  // a guard knows its working directory by its real path
  const path = join(followPath(dirname(named)), basename(named));
  if (isProjectFile(path)) return path;
  throw new GuardError('usage', `\`${path}\` would never be looked for`, {
    hint: "a project's file is called `mcp-guard.config.json` (or `.yaml`, `.yml`) or `.mcp-guardrc`; name any other with `--config`",
  });
}

async function confirm(options: ConfigAllowOptions, context: ConfigAllowContext, directory: string): Promise<void> {
  if (options.yes === true) return;
  const { ask } = context.consent;
  if (ask === undefined) {
    throw new GuardError('config_declined', 'there is no terminal to ask on', {
      hint: 'look at the file, then add `--yes`',
    });
  }
  const answer = await ask(
    `let this file decide what servers may do when the guard starts in \`${makeInert(directory)}\`? [y/N] `,
  );
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new GuardError('config_declined', 'not allowed: nothing was changed', { hint: 'answer `y` to allow it' });
}

function openAllowed(io: CliIo, context: ConfigAllowContext) {
  makePrivateDir(context.stateDir, []);
  return openStateDocument({
    path: allowedConfigsPath(context.stateDir),
    version: 1,
    empty: NOTHING_ALLOWED,
    check: checkAllowed,
    say: (text) => io.stderr.write(`${makeInert(text)}\n`),
    nowMs: context.nowMs,
  });
}

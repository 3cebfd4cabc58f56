// Connects `scope init` to this machine: the server, the trail, the config, the terminal.
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { createConfigFile, replaceConfigFile } from '../adapters/config-file.ts';
import { placeLock } from '../adapters/lock-file.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { readUseStatistics } from '../adapters/use-statistics.ts';
import { cleanEnvironment } from '../config/environment.ts';
import { compileDocument, readConfigFile } from '../config/load-config.ts';
import { parseConfig } from '../config/parse-config.ts';
import { ID_PATTERN } from '../config/schema-words.ts';
import { nameServer } from '../config/server-name.ts';
import { GuardError } from '../guard-error.ts';
import { lintConfig } from '../policy/lint/lint.ts';
import type { ServerUse } from '../policy/lint/tool-use.ts';
import type { ProposedServer } from '../policy/propose/proposed-document.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { openCeilingsHere } from './ceilings-here.ts';
import { gatherLintInput } from './lint-facts.ts';
import { listHere } from './list-here.ts';
import { checkPassEnv } from './pass-env.ts';
import { readConsent } from './read-consent.ts';
import { runScopeInit } from './scope-init.ts';
import { findInitTarget, type InitTarget } from './scope-init-target.ts';
import { terminalIo } from './terminal.ts';
import { loadPortsFor } from './with-constraints.ts';

export interface InitFlags {
  readonly fromAudit?: boolean;
  readonly server?: string;
  readonly usedAs?: string;
  readonly out?: string;
  readonly passEnv?: readonly string[];
  readonly yes?: boolean;
  readonly tenant: string;
  readonly color: boolean;
}

export async function init(words: readonly string[], flags: InitFlags): Promise<number> {
  const { env } = process;
  const cwd = process.cwd();
  const uid = process.getuid?.();
  const { tenant } = flags;
  const stateDir = resolveStateDir(env);
  const server = readServer(words, flags);
  const readAllowed = () => readAllowedConfigs(stateDir);
  const target = findInitTarget({ out: flags.out, env, cwd, uid, readAllowed });
  const portsFor = await loadPortsFor();
  const machine = await openCeilingsHere();
  const source = { path: target.path, digest: '' };
  const compile = (document: Json) => compileDocument(document, source, { env, uid, portsFor });
  return runScopeInit(
    { server, usedAs: flags.usedAs, fromAudit: flags.fromAudit === true, yes: flags.yes === true },
    terminalIo(flags.color),
    {
      target,
      list: () => listHere(server.name, asConfigured(server, env), { stateDir, tenant, secrets: [] }),
      readUse: (name) => readUse(stateDir, tenant, name),
      bareName: nameServer(server.command, server.args),
      place: { home: env.HOME || homedir(), isDirectory },
      // what a parser makes of a file is data; what of it is no JSON differs from the plan
      parse: (text) => parseConfig(target.path, text).document as Json | undefined,
      check: (document) => {
        const compiled = compile(document);
        return compiled.ok ? [] : compiled.diagnostics;
      },
      advise: (document) => {
        const compiled = compile(document);
        if (!compiled.ok) return [];
        const input = gatherLintInput({
          policy: compiled.policy,
          // it has been compiled, so it is an object
          document: document as JsonObject,
          lint: undefined,
          stateDir,
          tenant,
          nowMs: systemClock.now().wallMs,
          unusedDays: undefined,
          ports: portsFor(undefined),
          machine,
          say: () => {},
        });
        const own = lintConfig(input).findings.filter(
          (finding) => finding.severity === 'error' && finding.server === server.name,
        );
        return [
          ...own.map(({ rule, text, mend }) => `\`scope lint\` will call this an error (${rule}): ${text}; ${mend}`),
          ...relativeWords(server, cwd),
        ];
      },
      isLocked: existsSync(placeLock(target.path, stateDir, tenant).lock),
      write: (text) => {
        const { path, there } = target;
        if (there === undefined) createConfigFile(path, text);
        else replaceConfigFile(path, text, () => isSame(target, uid));
      },
      consent: readConsent(),
    },
  );
}

/** @throws GuardError usage */
function readServer([command, ...args]: readonly string[], flags: InitFlags): ProposedServer {
  if (command === undefined) {
    throw new GuardError('usage', 'no command was given', {
      hint: 'give the command of the server after `--`, as in `mcp-guard scope init -- npx some-server@1.2.3`',
    });
  }
  const passEnv = flags.passEnv ?? [];
  checkPassEnv(passEnv);
  const name = flags.server ?? nameServer(command, args);
  if (!ID_PATTERN.test(name)) {
    throw new GuardError('usage', `\`${name}\` is no name for a server`, {
      hint: 'give one with `--server`: 1 to 63 of `a-z`, `0-9` and `-`, not starting with `-`',
    });
  }
  return { name, command, args, passEnv };
}

/** With the environment that it will have under the config. */
function asConfigured({ command, args, passEnv }: ProposedServer, env: NodeJS.ProcessEnv): UpstreamCommand {
  return { command, args, cwd: undefined, env: cleanEnvironment(env, passEnv, {}), stderr: 'pipe' };
}

/** Undefined where nothing of it is on record. */
function readUse(stateDir: string, tenant: string, server: string): ServerUse | undefined {
  if (!existsSync(tenantDir(stateDir, tenant))) return undefined;
  return readUseStatistics(stateDir, tenant, new Set([server])).servers.get(server);
}

/** Where a relative path counts from is where a host happens to start the guard. */
function relativeWords({ args }: ProposedServer, cwd: string): readonly string[] {
  const relative = args.filter((word) => !isAbsolute(word) && /[/.]/.test(word) && existsSync(resolve(cwd, word)));
  return relative.map((word) => `\`${word}\` counts from where the guard is started: give whole paths, or set \`cwd\``);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function isSame({ path, there }: InitTarget, uid: number | undefined): boolean {
  return readConfigFile({ path, origin: 'flag', digest: undefined }, uid).digest === there?.digest;
}

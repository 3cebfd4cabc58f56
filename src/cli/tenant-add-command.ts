// Connects `tenant add` to this machine: its config and its terminal.
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { replaceConfigFile } from '../adapters/config-file.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { checkTenantViews } from '../config/check-tenant-views.ts';
import { compileDocument, readConfigFile } from '../config/load-config.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { openCeilingsHere } from './ceilings-here.ts';
import { readConsent } from './read-consent.ts';
import { findInitTarget } from './scope-init-target.ts';
import { type AddFlags, runTenantAdd } from './tenant-add.ts';
import { listTenantIsolation } from './tenant-notes.ts';
import { requireTenant } from './tenant-order.ts';
import { terminalIo } from './terminal.ts';
import { loadPortsFor } from './with-constraints.ts';

export async function add(
  id: string,
  flags: AddFlags & { readonly config?: string; readonly color: boolean },
): Promise<number> {
  const { env } = process;
  const uid = process.getuid?.();
  const stateDir = resolveStateDir(env);
  const target = findInitTarget({
    ...{ out: flags.config, env, cwd: process.cwd(), uid },
    readAllowed: () => readAllowedConfigs(stateDir),
  });
  const context = { env, uid, portsFor: await loadPortsFor() };
  const source = { path: target.path, digest: '' };
  const ceilings = await openCeilingsHere();
  return runTenantAdd(requireTenant(id), flags, terminalIo(flags.color), {
    target,
    consent: readConsent(),
    // what a parser makes of a file is data; what of it is no JSON differs from the plan
    parse: (text) => parseConfig(target.path, text).document as Json | undefined,
    check: (document) => {
      const compiled = compileDocument(document, source, context);
      // it has been compiled, so it is an object
      return compiled.ok ? checkTenantViews(document as JsonObject, source, context) : compiled.diagnostics;
    },
    look: (document) =>
      // it has been compiled
      listTenantIsolation(document as JsonObject, id, source, { ...context, stateDir, ceilings }).map(
        ({ path, text }) => `note: ${path}: ${text}`,
      ),
    write: (text) => {
      const read = () => readConfigFile({ path: target.path, origin: 'flag', digest: undefined }, uid).digest;
      replaceConfigFile(target.path, text, () => read() === target.there?.digest);
    },
  });
}

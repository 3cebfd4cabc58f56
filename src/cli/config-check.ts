// `mcp-guard config check`: everything that is wrong with a config, at once, or what it comes to. Starts nothing.
import type { Ceilings } from '../config/ceilings.ts';
import { checkTenantViews } from '../config/check-tenant-views.ts';
import { listDecided } from '../config/decided-values.ts';
import type { Diagnostic } from '../config/diagnostics.ts';
import { explainIgnored, type Finding, showPlaces } from '../config/find-config.ts';
import { type LoadContext, tryLoad } from '../config/load-config.ts';
import type { Policy } from '../config/policy.ts';
import { LOCAL_ERRORS } from '../guard-error.ts';
import type { JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';
import { listAuthNotes } from './auth-notes.ts';
import { stringifyInert } from './call-json.ts';
import { type ConfigNote, listNotes } from './config-notes.ts';
import { formatDiagnostics, formatNote, wrapText } from './config-screen.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { listLimitNotes } from './limit-notes.ts';
import { makePaint } from './render.ts';
import { listTenantNotes } from './tenant-notes.ts';

export interface ConfigCheckOptions {
  readonly json?: boolean | undefined;
}

export interface ConfigCheckContext extends LoadContext {
  readonly cwd: string;
  readonly ceilings: Ceilings;
  readonly stateDir: string;
}

/** What is found out, before it is shown. `ignored`: a project's file that nobody has allowed, or null. */
interface Outcome {
  readonly ok: boolean;
  readonly path: string | null;
  readonly digest?: string;
  readonly servers?: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly notes: readonly ConfigNote[];
  readonly ignored: string | null;
  /** Files. */
  readonly ceilings: readonly string[];
}

/** @param finding what `findConfigFile` found @returns 0 or 78 @throws GuardError where the file itself is not usable */
export function runConfigCheck(
  options: ConfigCheckOptions,
  io: CliIo,
  finding: Finding,
  context: ConfigCheckContext,
): number {
  const outcome = checkFound(finding, context);
  io.stdout.write(options.json === true ? `${stringifyInert(outcome)}\n` : showOutcome(outcome, io, context));
  return outcome.ok ? 0 : LOCAL_ERRORS.config_invalid.exitCode;
}

function checkFound(finding: Finding, context: ConfigCheckContext): Outcome {
  const { place } = finding;
  const shared = { ignored: finding.ignored ?? null, ceilings: context.ceilings.files.map(({ path }) => path) };
  if (place === undefined) return { ok: true, path: null, diagnostics: [], notes: [], ...shared };
  const loading = tryLoad(place, context);
  if (!loading.ok) return { ...loading, notes: [], ...shared };
  const { servers, source } = loading.policy;
  const ofTenants = checkTenantViews(loading.document, source, context);
  if (ofTenants.length > 0) return { ok: false, ...source, diagnostics: ofTenants, notes: [], ...shared };
  const own = listNotes(loading.policy, context, context.cwd);
  const tenants = listTenantNotes(loading.document, source, context, own);
  const ofSessions = [
    ...listAuthNotes(loading.policy.auth, context.uid),
    ...listLimitNotes(loading.policy, loading.document, context),
  ];
  const notes = [...own, ...ofSessions, ...tenants, ...listCeilingNotes(loading.policy, loading.document, context)];
  return { ok: true, ...source, servers: [...servers.keys()], diagnostics: [], notes, ...shared };
}

/** What the ceilings make of it: no errors, since another machine may have others. */
function listCeilingNotes(
  policy: Policy,
  document: JsonObject,
  { ceilings: { restrictions } }: ConfigCheckContext,
): readonly ConfigNote[] {
  const serverDocument = (id: string): JsonObject => objectOf(memberOf(memberOf(document, 'servers'), id));
  return listDecided({ policy, restrictions, serverDocument }).map(({ path, was, is, by }) => ({
    path,
    text: `\`${is}\` holds instead of \`${was}\`: the ceiling \`${by}\` says so`,
  }));
}

function showOutcome(outcome: Outcome, { columns, color }: CliIo, context: ConfigCheckContext): string {
  const { path, servers = [], diagnostics, notes, ignored, ceilings } = outcome;
  const paint = makePaint(color);
  const texts = notes.map((note) => `${note.path}: ${note.text}`);
  const voices = ceilings.map(
    (file) => `the ceiling \`${file}\` restricts every server here (\`mcp-guard scope show\`)`,
  );
  const below = [...voices, ...texts, ...(ignored === null ? [] : [explainIgnored(ignored)])]
    .map((text) => formatNote(text, columns, paint))
    .join('');
  if (path === null) {
    const nothing = `no config file: every server is observed and recorded, and none is restricted${ceilings.length === 0 ? '' : ' but by the ceiling'}; looked for: ${showPlaces(context)}`;
    return `${wrapText(makeInert(nothing), columns, '')}\n${below}`;
  }
  if (!outcome.ok) return `${formatDiagnostics(diagnostics, path, columns, paint)}${below}`;
  const listed = servers.length === 0 ? 'no servers' : `servers: ${servers.join(', ')}`;
  return `${paint('good', 'ok')} ${makeInert(path)} (${listed})\n${below}`;
}

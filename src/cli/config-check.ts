// `mcp-guard config check`: everything that is wrong with a config, at once, or what it comes to. Starts nothing.
import { showDiagnostic } from '../config/diagnostics.ts';
import type { ConfigPlace } from '../config/find-config.ts';
import { type LoadContext, tryLoad } from '../config/load-config.ts';
import { LOCAL_ERRORS } from '../guard-error.ts';
import { stringifyInert } from './call-json.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';

export interface ConfigCheckOptions {
  readonly json?: boolean | undefined;
}

/** @param place what `findConfigFile` found @returns 0 or 78 @throws GuardError where the file itself is not usable */
export function runConfigCheck(
  options: ConfigCheckOptions,
  io: CliIo,
  place: ConfigPlace | undefined,
  context: LoadContext,
): number {
  const paint = makePaint(io.color);
  if (place === undefined) {
    const text = 'no config file: every server is observed and recorded, and none is restricted';
    io.stdout.write(
      options.json === true ? `${stringifyInert({ ok: true, path: null, diagnostics: [] })}\n` : `${text}\n`,
    );
    return 0;
  }
  const loading = tryLoad(place, context);
  if (loading.ok) {
    const { servers, source } = loading.policy;
    if (options.json === true) {
      io.stdout.write(`${stringifyInert({ ok: true, ...source, servers: [...servers.keys()], diagnostics: [] })}\n`);
    } else {
      const listed = servers.size === 0 ? 'no servers' : `servers: ${[...servers.keys()].join(', ')}`;
      io.stdout.write(`${paint('good', 'ok')} ${makeInert(source.path)} (${listed})\n`);
    }
    return 0;
  }
  const { path, digest, diagnostics } = loading;
  if (options.json === true) io.stdout.write(`${stringifyInert({ ok: false, path, digest, diagnostics })}\n`);
  else {
    for (const diagnostic of diagnostics) io.stdout.write(`${makeInert(showDiagnostic(diagnostic))}\n`);
    const count = diagnostics.length === 1 ? '1 error' : `${diagnostics.length} errors`;
    io.stdout.write(`${paint('bad', count)} in ${makeInert(path)}\n`);
  }
  return LOCAL_ERRORS.config_invalid.exitCode;
}

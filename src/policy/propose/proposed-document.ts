// A proposal in the notation of a config: the entry of the server, and its scope. Pure; knows no text and no file.
import type { Json, JsonObject } from '../../wire/json.ts';
import type { ProposedGrant } from './proposal.ts';

export interface ProposedServer {
  /** Of the server and of its scope. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly passEnv: readonly string[];
}

export function serverDocument({ name, command, args, passEnv }: ProposedServer): JsonObject {
  return {
    command: escapeVariables(command),
    ...(args.length === 0 ? {} : { args: args.map(escapeVariables) }),
    ...(passEnv.length === 0 ? {} : { passEnv }),
    scope: name,
  };
}

export function scopeDocument(granted: readonly ProposedGrant[]): JsonObject {
  return { grants: granted.map(grantDocument) };
}

export function grantDocument({ kind, name, args, calls, lastMs }: ProposedGrant): JsonObject {
  const constraints = Object.entries(args).map(
    ([pointer, { within, host, optional }]): readonly [string, JsonObject] => [
      pointer,
      {
        ...(within === undefined ? {} : { within }),
        ...(host === undefined ? {} : { host }),
        ...(optional === undefined ? {} : { optional }),
      },
    ],
  );
  const reason = describeUse(calls, lastMs);
  const document: Record<string, Json> = { [kind]: name };
  if (constraints.length > 0) document.args = Object.fromEntries(constraints);
  if (reason !== undefined) document.reason = reason;
  return document;
}

/** As `scope init: 12 uses on record up to 2026-11-21`: it stays true however often it is used afterwards. */
function describeUse(calls: number | undefined, lastMs: number | undefined): string | undefined {
  if (calls === undefined || lastMs === undefined) return undefined;
  const uses = calls === 1 ? '1 use' : `${calls} uses`;
  return `scope init: ${uses} on record up to ${new Date(lastMs).toISOString().slice(0, 10)}`;
}

/** A config expands `${NAME}` here; what was typed is meant as it stands. */
function escapeVariables(text: string): string {
  // as a function: in a replacement text `$$` would be one `$`
  return text.replaceAll('${', () => '$${');
}

// The text of a config with one more server and its scope: a new one, or one that there is, with every other character as it was. Pure.
// INVARIANT: a server or scope of that name is never replaced. Whoever calls reads the text again and compares it with `document`.
import { isJsonObject, type Json, type JsonObject, objectAt } from '../../wire/json.ts';
import { formatJson, insertMember } from './insert-json.ts';
import { entryIndent, insertEntry } from './insert-yaml.ts';
import type { Proposal } from './proposal.ts';
import { grantDocument, type ProposedServer, scopeDocument, serverDocument } from './proposed-document.ts';
import { scopeYaml, serverYaml } from './yaml-text.ts';

export type Notation = 'json' | 'yaml';

export interface ConfigPlan {
  readonly text: string;
  /** What the text must mean. */
  readonly document: JsonObject;
  /** What is added, as text to look at; of a new config the whole text. */
  readonly added: string;
}

export type Planning =
  | { readonly ok: true; readonly plan: ConfigPlan }
  | { readonly ok: false; readonly why: 'server_there' | 'scope_there' | 'not_an_object' };

/** Servers and scopes on lines of their own. */
const STYLE = { unit: '  ', spread: 3 } as const;
const ROOTS: JsonObject = { request: 'roots/list' };

/** @param there the text that there is, and what it means; undefined for a new config */
export function planConfig(
  notation: Notation,
  there: { readonly text: string; readonly document: Json | undefined } | undefined,
  server: ProposedServer,
  proposal: Proposal,
): Planning {
  const { name } = server;
  const document = there === undefined ? {} : there.document;
  if (!isJsonObject(document)) return { ok: false, why: 'not_an_object' };
  if (has(objectAt(document, 'servers'), name)) return { ok: false, why: 'server_there' };
  if (has(objectAt(document, 'scopes'), name)) return { ok: false, why: 'scope_there' };
  const scope = notation === 'yaml' ? yamlScope(proposal) : scopeDocument(proposal.granted);
  const entries = { servers: serverDocument(server), scopes: scope };
  const wanted: JsonObject = {
    ...(there === undefined ? { version: 1 } : document),
    servers: { ...objectAt(document, 'servers'), [name]: entries.servers },
    scopes: { ...objectAt(document, 'scopes'), [name]: entries.scopes },
  };
  const { text, added } =
    notation === 'json' ? writeJson(there?.text, document, name, entries) : writeYaml(there?.text, server, proposal);
  // what is shown of a new file is the file
  return { ok: true, plan: { text, document: wanted, added: there === undefined ? text : added } };
}

function writeJson(
  there: string | undefined,
  document: JsonObject,
  name: string,
  entries: { readonly servers: JsonObject; readonly scopes: JsonObject },
): { readonly text: string; readonly added: string } {
  const { servers, scopes } = entries;
  const shown = { servers: { [name]: servers }, scopes: { [name]: scopes } };
  const added = `${formatJson(shown, '', STYLE)}\n`;
  if (there === undefined) return { text: `${formatJson({ version: 1, ...shown }, '', STYLE)}\n`, added };
  let text = there;
  for (const [key, entry] of [['servers', servers] as const, ['scopes', scopes] as const]) {
    const isThere = Object.hasOwn(document, key);
    const next = isThere ? insertMember(text, [key], name, entry) : insertMember(text, [], key, { [name]: entry });
    // where it could not be put in, the comparison of whoever calls fails
    text = next ?? text;
  }
  return { text, added };
}

function writeYaml(
  there: string | undefined,
  server: ProposedServer,
  { granted, held }: Proposal,
): { readonly text: string; readonly added: string } {
  const { name } = server;
  const write = (before: string, separator: string): string => {
    const withServer = insertEntry(before, 'servers', serverYaml(server, entryIndent(before, 'servers')));
    const spaced = /^scopes:/m.test(withServer) ? withServer : `${withServer}${separator}`;
    return insertEntry(spaced, 'scopes', scopeYaml(name, granted, held, entryIndent(spaced, 'scopes')));
  };
  const added = write('', '\n');
  return { text: there === undefined ? write(`${HEAD}version: 1\n\n`, '\n') : write(there, ''), added };
}

const HEAD = '# What servers may do behind `mcp-guard run`. See docs/scopes.md and docs/config.md.\n';

/** As `scopeYaml` writes it. */
function yamlScope({ granted }: Proposal): JsonObject {
  return { grants: granted.length === 0 ? [ROOTS] : granted.map(grantDocument) };
}

function has(object: JsonObject | undefined, key: string): boolean {
  return object !== undefined && Object.hasOwn(object, key);
}

// The text of a config with one more tenant, every other character as it was. Pure. INVARIANT: a tenant that is there is never replaced,
// and what is added only restricts, or names where a secret is. Whoever calls reads the text again and compares it with `document`.
import { isJsonObject, type Json, type JsonObject, objectAt, stringAt } from '../../wire/json.ts';
import { formatJson, insertMember } from './insert-json.ts';
import { entryIndent, insertEntry } from './insert-yaml.ts';
import type { ConfigPlan, Notation } from './new-config.ts';

export interface TenantWish {
  readonly id: string;
  /** `value` is a reference: `env:…`, `file:…`, `exec:…`, `keychain:…`. */
  readonly env: readonly { readonly server: string; readonly name: string; readonly value: string }[];
  /** Instead of those that the server has for everybody. */
  readonly args: readonly { readonly server: string; readonly words: readonly string[] }[];
  /** The only tools of a server that it may call. */
  readonly allow: readonly { readonly server: string; readonly pattern: string }[];
  readonly isolation: JsonObject | undefined;
}

export type TenantPlanning =
  | { readonly ok: true; readonly plan: ConfigPlan; readonly isFirst: boolean }
  | { readonly ok: false; readonly why: 'tenant_there' | 'not_an_object' }
  | { readonly ok: false; readonly why: 'server_unknown'; readonly server: string };

const STYLE = { unit: '  ', spread: 3 } as const;

/** @param document what `text` means */
export function planTenant(
  notation: Notation,
  text: string,
  document: Json | undefined,
  wish: TenantWish,
): TenantPlanning {
  if (!isJsonObject(document)) return { ok: false, why: 'not_an_object' };
  const tenants = objectAt(document, 'tenants');
  if (tenants !== undefined && Object.hasOwn(tenants, wish.id)) return { ok: false, why: 'tenant_there' };
  const servers = objectAt(document, 'servers') ?? {};
  const unknown = [...wish.env, ...wish.args, ...wish.allow].find(({ server }) => !Object.hasOwn(servers, server));
  if (unknown !== undefined) return { ok: false, why: 'server_unknown', server: unknown.server };
  const block = blockOf(wish, servers);
  const wanted: JsonObject = { ...document, tenants: { ...tenants, [wish.id]: block } };
  const isThere = Object.hasOwn(document, 'tenants');
  const indent = entryIndent(text, 'tenants');
  const yaml = `${indent}${wish.id}: ${formatJson(block, indent, STYLE)}`.split('\n');
  const next =
    notation === 'yaml'
      ? insertEntry(text, 'tenants', yaml)
      : isThere
        ? insertMember(text, ['tenants'], wish.id, block)
        : insertMember(text, [], 'tenants', { [wish.id]: block });
  const added = `${formatJson({ tenants: { [wish.id]: block } }, '', { ...STYLE, spread: 2 })}\n`;
  // where it could not be put in, the comparison of whoever calls fails
  return { ok: true, plan: { text: next ?? text, document: wanted, added }, isFirst: tenants === undefined };
}

function blockOf({ env, args, allow, isolation }: TenantWish, servers: JsonObject): JsonObject {
  const scopes = new Map<string, string[]>();
  const own = new Map<string, { scope?: string; args?: readonly string[]; env?: Record<string, string> }>();
  const entry = (server: string) => {
    const known = own.get(server) ?? {};
    own.set(server, known);
    return known;
  };
  for (const { server, words } of args) entry(server).args = words;
  for (const { server, name, value } of env) {
    const known = entry(server);
    known.env = { ...known.env, [name]: value };
  }
  const users = Object.keys(servers).flatMap((id) => stringAt(objectAt(servers, id), 'scope') ?? []);
  const names = new Map<string, string>();
  for (const { server, pattern } of allow) {
    const shared = stringAt(objectAt(servers, server), 'scope');
    // its scope by its name, so that both must allow. INVARIANT: one that others have, too, is left alone, and so are they
    const isAlone = shared !== undefined && users.filter((name) => name === shared).length === 1;
    const name = names.get(server) ?? (isAlone ? shared : freeName(server, [...users, ...names.values()]));
    names.set(server, name);
    if (!isAlone) entry(server).scope = name;
    scopes.set(name, [...(scopes.get(name) ?? []), pattern]);
  }
  return {
    ...(own.size === 0 ? {} : { servers: Object.fromEntries(own) }),
    ...(scopes.size === 0
      ? {}
      : {
          scopes: Object.fromEntries(
            [...scopes].map(([name, tools]) => [name, { grants: tools.map((tool) => ({ tool })) }]),
          ),
        }),
    ...(isolation === undefined ? {} : { isolation }),
  };
}

/** INVARIANT: no server's scope is called so: the tenant's of that name would be that server's, too. */
function freeName(server: string, taken: readonly string[]): string {
  let name = server;
  for (let count = 2; taken.includes(name); count += 1) name = `${server}-${count}`;
  return name;
}

// What a person is told beside the block that `tenant add` would write: what of it would not hold, and what every tenant has that does not
// say otherwise. Pure; decides nothing but what is asked for in vain.
import { strongestLevel } from '../config/isolation-policy.ts';
import type { IsolationLevel } from '../config/restriction.ts';
import { viewForTenant } from '../config/tenant-view.ts';
import { GuardError } from '../guard-error.ts';
import type { TenantWish } from '../policy/propose/tenant-block.ts';
import type { Json } from '../wire/json.ts';
import { isJsonObject, listOf, memberOf, objectOf } from '../wire/json.ts';

/** Among the words of a server: a path, or a variable, which may be one. */
const PLACE = /^(?:[/~]|\.{1,2}\/|\$\{|[A-Za-z]:[\\/])/;

/**
 * Places that nothing would keep to: like domains below L3, that is no note but an error.
 *
 * @param document with the block @throws GuardError usage
 */
export function refuseUnkept({ id, isolation }: TenantWish, document: Json): void {
  const given = (['readable', 'writable'] as const).filter((key) => memberOf(isolation, key) !== undefined);
  const level = strongestLevel(levelsOf(id, document));
  if (given.length === 0 || level === 'L2' || level === 'L3') return;
  const options = given.map((key) => `\`--${key}\``).join(' and ');
  throw new GuardError(
    'usage',
    `${options} ${given.length === 1 ? 'holds' : 'hold'} from L2 on, and \`${id}\` would have ${level}`,
    {
      hint: 'give `--isolation L2` with it, or leave it out; nothing was written',
    },
  );
}

/** @param document with the block @param before without it */
export function listAddNotes(wish: TenantWish, document: Json, before: Json | undefined): readonly string[] {
  return [
    ...listShared(wish, before),
    ...listDropped(wish, before),
    ...listClosed(wish, before),
    ...listOpen(wish.id, document),
  ];
}

/** At L0 nothing keeps a server out of where another one writes. */
function listOpen(tenant: string, document: Json): readonly string[] {
  if (!levelsOf(tenant, document).includes('L0')) return [];
  return [
    'note: at L0 its servers may share files with those of other tenants, as what they keep beside their program: `--isolation L2` ends that',
  ];
}

/** What every tenant has that does not say otherwise: places among the arguments are then everybody's. */
function listShared({ args }: TenantWish, document: Json | undefined): readonly string[] {
  return Object.keys(objectOf(memberOf(document, 'servers'))).flatMap((server) => {
    if (args.some((one) => one.server === server)) return [];
    const places = wordsOf(document, server).filter((word) => PLACE.test(word));
    if (places.length === 0) return [];
    return [
      `note: \`${server}\` is started with ${quote(places)}, as for everybody; \`--args\` gives it arguments of its own`,
    ];
  });
}

/** A program that `npx` is to start, a script, an option: gone with the list that had it. */
function listDropped({ args }: TenantWish, document: Json | undefined): readonly string[] {
  return args.flatMap(({ server, words }) => {
    const gone = wordsOf(document, server).filter((word) => !PLACE.test(word) && !words.includes(word));
    if (gone.length === 0) return [];
    return [
      `note: \`--args\` replaces the whole list, so \`${server}\` is started without ${quote(gone)}; repeat what it needs`,
    ];
  });
}

/** Where nobody had a scope, those that are not named lose everything by the tenant's having one. */
function listClosed({ id, allow }: TenantWish, document: Json | undefined): readonly string[] {
  if (allow.length === 0 || memberOf(document, 'scopes') !== undefined) return [];
  return Object.keys(objectOf(memberOf(document, 'servers'))).flatMap((server) =>
    allow.some((one) => one.server === server)
      ? []
      : [
          `note: \`${id}\` can use nothing of \`${server}\`, which no \`--allow\` names: give \`--allow '${server}:*'\` for its tools`,
        ],
  );
}

function levelsOf(tenant: string, document: Json): readonly IsolationLevel[] {
  const view = isJsonObject(document) ? viewForTenant(document, tenant) : undefined;
  if (view?.kind !== 'tenant') return [];
  const servers = Object.values(objectOf(memberOf(view.document, 'servers')));
  return servers.map((server) => strongestLevel([levelOf(memberOf(memberOf(server, 'isolation'), 'required'))]));
}

function levelOf(word: Json | undefined): IsolationLevel | undefined {
  return word === 'L1' || word === 'L2' || word === 'L3' ? word : undefined;
}

function wordsOf(document: Json | undefined, server: string): readonly string[] {
  const words = listOf(memberOf(memberOf(memberOf(document, 'servers'), server), 'args'));
  return words.filter((word) => typeof word === 'string');
}

const quote = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

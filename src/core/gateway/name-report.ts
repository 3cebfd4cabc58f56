// Says once what is wrong with the names of a list: two servers claim one, or hosts will refuse it for its length. Changes nothing.
import { quoteForeign } from '../../wire/inert-text.ts';
import type { Lane } from './lane.ts';
import type { Outbox } from './outbox.ts';
import type { ListKind } from './settings.ts';

/** Hosts allow a name 64 characters, with a prefix of their own: `mcp__mcp-guard__` where the guard has its usual name. */
const BUDGET = 64;
const HOST_PREFIX = 'mcp__mcp-guard__'.length;
const MOST_SAID = 1_000;

export class NameReport {
  readonly #outbox: Outbox;
  readonly #said = new Set<string>();
  #long = 0;
  #longest = '';
  /** URIs of this list that another server has, too. */
  #shared = 0;
  #sharedAs = '';
  #kind: ListKind = 'tools';

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  begin(kind: ListKind): void {
    this.#kind = kind;
    this.#long = 0;
    this.#longest = '';
    this.#shared = 0;
    this.#sharedAs = '';
  }

  length(kind: ListKind, outer: string): void {
    if (kind !== 'tools' || outer.length + HOST_PREFIX <= BUDGET) return;
    this.#long += 1;
    if (outer.length > this.#longest.length) this.#longest = outer;
  }

  /** @returns undefined: it is left out of the list */
  collision(lane: Lane, owner: string, name: string): undefined {
    if (!this.#noteTaken(lane, owner, name)) return undefined;
    this.#outbox.log(
      'error',
      `${quoteForeign(name)} of \`${lane.id}\` is left out: under this name \`${owner}\` is asked (give one of the two another \`prefix\`)`,
    );
    return undefined;
  }

  /** No prefix mends this one, and it is usual: of all that a server shares one line is said. @returns undefined: it is left out of the list */
  sharedUri(lane: Lane, owner: string, uri: string): undefined {
    this.#noteTaken(lane, owner, uri);
    this.#shared += 1;
    if (this.#shared === 1) this.#sharedAs = `${quoteForeign(uri)} of \`${owner}\``;
    return undefined;
  }

  endless(lane: Lane, kind: ListKind): void {
    if (!this.#once(`${lane.id}\n\n\n${kind}`)) return;
    this.#outbox.log(
      'error',
      `the list of \`${kind}\` of \`${lane.id}\` is cut off here: it has more than 1000 pages, or a cursor of more than 8192 characters, and would keep the client from the lists of the other servers`,
    );
  }

  /** @returns undefined: it is left out of the list */
  misshapen(lane: Lane): undefined {
    if (!this.#once(`${lane.id}\n\n${this.#kind}`)) return undefined;
    this.#outbox.note('answer_denied', lane.id, { method: this.#kind, rule: 'gateway.shape', why: 'misshapen' });
    this.#outbox.log(
      'error',
      `an entry of \`${this.#kind}\` of \`${lane.id}\` is left out: it has not the shape that the protocol says, so clients would refuse the whole list (further ones are left out unsaid)`,
    );
    return undefined;
  }

  end(lane: Lane): void {
    if (this.#shared > 0 && this.#once(`${lane.id}\n\n\n\n${this.#kind}`))
      this.#outbox.log(
        'info',
        `${this.#shared} of the \`${this.#kind}\` of \`${lane.id}\` are left out: other servers list them and are asked for them, as for ${this.#sharedAs}`,
      );
    if (this.#long === 0 || !this.#once(`${lane.id}\nlength`)) return;
    this.#outbox.log(
      'warn',
      `${this.#long} tool names of \`${lane.id}\` may be too long for hosts (64 characters with the host's own prefix), as ${quoteForeign(this.#longest)}: a shorter \`prefix\` mends it`,
    );
  }

  /** @returns whether it is the first time */
  #noteTaken(lane: Lane, owner: string, name: string): boolean {
    if (!this.#once(`${lane.id}\n${name}`)) return false;
    this.#outbox.note('answer_denied', lane.id, {
      method: this.#kind,
      rule: 'gateway.names',
      why: 'name_taken',
      name: name.slice(0, 256),
      owner,
    });
    return true;
  }

  #once(what: string): boolean {
    if (this.#said.has(what) || this.#said.size >= MOST_SAID) return false;
    this.#said.add(what);
    return true;
  }
}

// What this machine saw of the definitions of a config's servers: first, and last. One document a server in the state directory.
// What was seen first is gone by until something is approved; what was seen last is what an approval pins. Compares no meaning.
// No lowdb: an older document must not come back for a damaged one, and a start reads this.

import * as crypto from 'node:crypto';
import { join } from 'node:path';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { readPinSet, writePinSet } from '../policy/pins/pin-set.ts';
import { extendFirst, replaceLast, type SeenSet } from '../policy/pins/seen-set.ts';
import { tenantSteps } from '../tenant/tenant-scope.ts';
import { isJsonObject, type Json, type JsonObject } from '../wire/json.ts';
import { isSameJson } from '../wire/same-json.ts';
import { readPrivateFile, removeDrafts, replaceFile } from './durable-file.ts';
import type { LockPlace } from './lock-file.ts';
import { withFileLock } from './locked-file.ts';
import { fileStem } from './server-files.ts';
import { makePrivateDir } from './state-paths.ts';

export interface SeenPins {
  readonly first: SeenSet;
  readonly last: SeenSet;
}

export type SeenReading =
  | { readonly kind: 'none' }
  /** As good as none: what is seen next is first again. To be said. */
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'seen'; readonly seen: SeenPins };

type Place = Pick<LockPlace, 'config' | 'stateDir' | 'tenant'>;

const VERSION = 1;
const PINS = 'pins';
const MAX_BYTES = 33_554_432;
const LOCK_TIMEOUT_MS = 2_000;

/** Never throws. */
export function readSeenPins(place: Place, server: string): SeenReading {
  const path = pathOf(place, server);
  try {
    const bytes = readPrivateFile(path, MAX_BYTES);
    if (bytes === undefined) return { kind: 'none' };
    const value: Json = JSON.parse(bytes.toString('utf8'));
    const seen = readDocument(value, server);
    return seen === undefined
      ? { kind: 'unreadable', why: `\`${path}\` does not have its schema` }
      : { kind: 'seen', seen };
  } catch (error) {
    return { kind: 'unreadable', why: `\`${path}\`: ${messageOf(error)}` };
  }
}

/**
 * Keeps what a server was just seen to offer; durable when it resolves. What was seen first stays, but for instructions that no
 * handshake had shown yet, and for tools while no list came to its end. @throws GuardError state_unusable, state_locked
 */
export async function rememberSeenPins(place: Place, server: string, seen: SeenSet): Promise<void> {
  await change(place, server, (known) =>
    known === undefined
      ? { first: seen, last: seen }
      : { first: extendFirst(known.first, seen), last: replaceLast(known.last, seen) },
  );
}

/** From an approval on, what was approved is what was first seen: should the lock ever be gone. @throws as `rememberSeenPins` */
export async function rememberApprovedPins(place: Place, server: string, first: SeenSet): Promise<void> {
  await change(place, server, (known) => ({ first, last: known?.last ?? first }));
}

async function change(place: Place, server: string, make: (known: SeenPins | undefined) => SeenPins): Promise<void> {
  const known = readSeenPins(place, server);
  if (known.kind === 'seen' && isSame(known.seen, make(known.seen))) return;
  makePrivateDir(place.stateDir, tenantSteps(place.tenant, PINS, folderOf(place)));
  const path = pathOf(place, server);
  await withFileLock(`${path}.lock`, { timeoutMs: LOCK_TIMEOUT_MS }, () => {
    const current = readSeenPins(place, server);
    const text = `${JSON.stringify(writeDocument(server, make(current.kind === 'seen' ? current.seen : undefined)))}\n`;
    try {
      if (Buffer.byteLength(text) > MAX_BYTES) throw new Error(`it would be larger than ${MAX_BYTES} bytes`);
      removeDrafts(path);
      replaceFile(path, text, 'drop');
    } catch (error) {
      const why = messageOf(error);
      throw new GuardError('state_unusable', `cannot write \`${path}\`: ${why}`, {
        cause: error,
        hint: 'mend the owner and mode of the state directory, or set `MCP_GUARD_STATE_DIR`',
      });
    }
  });
}

function isSame(one: SeenPins, other: SeenPins): boolean {
  return isSameJson(writeDocument('', one), writeDocument('', other));
}

function writeDocument(server: string, { first, last }: SeenPins): JsonObject {
  const show = ({ pins, hasInstructions, isPart }: SeenSet): JsonObject => ({
    hasInstructions,
    ...(isPart === true ? { isPart } : {}),
    pins: writePinSet(pins),
  });
  return { version: VERSION, name: server, first: show(first), last: show(last) };
}

function readDocument(value: Json, server: string): SeenPins | undefined {
  if (!isJsonObject(value) || value.version !== VERSION || value.name !== server) return undefined;
  const [first, last] = [readSeen(value.first), readSeen(value.last)];
  return first === undefined || last === undefined ? undefined : { first, last };
}

function readSeen(value: Json | undefined): SeenSet | undefined {
  if (!isJsonObject(value) || typeof value.hasInstructions !== 'boolean' || value.pins === undefined) return undefined;
  const pins = readPinSet(value.pins);
  const { hasInstructions, isPart } = value;
  if (pins === undefined || (isPart !== undefined && isPart !== true)) return undefined;
  return { pins, hasInstructions, ...(isPart === true ? { isPart } : {}) };
}

/** Two configs may each have a server of one name. */
function folderOf({ config }: Place): string {
  return crypto.hash('sha256', config).slice(0, 32);
}

function pathOf(place: Place, server: string): string {
  return join(place.stateDir, ...tenantSteps(place.tenant, PINS, folderOf(place), `${fileStem(server)}.json`));
}

// Says when the policy is to be read again: a file of it is another, an approval has ended, or a person asks. Looks a few times a
// second instead of being told: a watcher would miss a file that is replaced by renaming, and does not exist everywhere. Reads no policy.
import * as fs from 'node:fs';
import type { Clock } from '../ports/clock.ts';
import { readPrivateFile } from './durable-file.ts';
import { signFiles } from './file-look.ts';
import { LOOK_EVERY_MS } from './shared-looks.ts';
import type { Timers } from './shutdown-ladder.ts';

/** An editor may still be writing: a change is believed when two looks agree, but no longer waited for than this many. */
const MOST_LOOKS = 3;
const TOKEN = /^[0-9a-f]{16}$/;

export interface PolicyWatchParts {
  readonly timers: Timers;
  readonly clock: Clock;
  /** What they were when the policy was read. */
  readonly signature: string;
  files(): readonly string[];
  /** Where a person asks; undefined while this guard cannot be found. */
  requestPath(): string | undefined;
  /** Wall clock, ms: then it is due anyway. */
  untilMs(): number;
  /** Never rejects. Nothing else is looked at before it has settled. @param isForced read it even where no byte is another */
  onDue(token: string | null, isForced: boolean): Promise<void>;
}

/** @returns ends the watch */
export function watchPolicyFiles(parts: PolicyWatchParts): () => void {
  let { signature } = parts;
  let pending: { readonly signature: string; readonly looks: number } | undefined;
  let isOver = false;
  let cancel = (): void => {};

  const look = async (): Promise<void> => {
    const token = takeRequest(parts.requestPath());
    const isExpired = parts.clock.now().wallMs >= parts.untilMs();
    const now = signFiles(parts.files());
    if (now === signature && token === null && !isExpired) {
      pending = undefined;
      return;
    }
    if (token === null && !isExpired && pending?.signature !== now && (pending?.looks ?? 0) < MOST_LOOKS) {
      pending = { signature: now, looks: (pending?.looks ?? 0) + 1 };
      return;
    }
    pending = undefined;
    signature = now;
    // INVARIANT: signed before they are read, so that what is written meanwhile is read again
    await parts.onDue(token, isExpired);
  };
  const arm = (): void => {
    cancel = parts.timers.after(LOOK_EVERY_MS, () => {
      void look().finally(() => {
        if (!isOver) arm();
      });
    });
  };
  arm();
  return () => {
    isOver = true;
    cancel();
  };
}

/** The token of who asks, once; null where nobody does. What is no request is taken away, too. */
function takeRequest(path: string | undefined): string | null {
  if (path === undefined || fs.lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
  try {
    const text = readPrivateFile(path, 64)?.toString('latin1') ?? '';
    return TOKEN.test(text) ? text : null;
  } catch {
    return null;
  } finally {
    fs.rmSync(path, { force: true, recursive: false });
  }
}

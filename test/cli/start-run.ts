// A policy opened as a run does it: locked at its first use, with what was said of that before all other notes.
import { openRunLock, type RunLock } from '../../src/cli/run-lock.ts';

export async function startRun(...given: Parameters<typeof openRunLock>): Promise<RunLock> {
  const said: string[] = [];
  const lock = await openRunLock(...given);
  await lock.lockFirst((note) => void said.push(note));
  return { ...lock, notes: [...said, ...lock.notes] };
}

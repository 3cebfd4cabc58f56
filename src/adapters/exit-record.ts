// When the servers of one tenant exited by themselves, kept for the sessions after this one. Knows no ladder and waits for nobody. TRUST: no
// decision about a call hangs on it; what cannot be read or written says nothing.
import { join } from 'node:path';
import type { Moment } from '../ports/breaker-store.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { replaceFile } from './durable-file.ts';
import { fileStem } from './server-files.ts';
import { readSmallJson } from './small-json.ts';
import { makePrivateDir } from './state-paths.ts';

const EXITS = 'exits';

export interface ExitRecord {
  read(): readonly Moment[];
  write(exits: readonly Moment[]): void;
}

export function openExitRecord(scope: TenantScope, server: string): ExitRecord {
  const path = join(scope.place(EXITS), `${fileStem(server)}.json`);
  return {
    read: () => {
      const value = readSmallJson(path);
      const exits: unknown = typeof value === 'object' && value !== null && 'exits' in value ? value.exits : undefined;
      return Array.isArray(exits) ? exits.filter(isMoment) : [];
    },
    write: (exits) => {
      try {
        makePrivateDir(scope.stateDir, scope.steps(EXITS));
        replaceFile(path, `${JSON.stringify({ version: 1, exits })}\n`, 'drop', false);
      } catch {
        // then nobody waits for it
      }
    },
  };
}

function isMoment(value: unknown): value is Moment {
  if (typeof value !== 'object' || value === null) return false;
  const { wallMs, monoMs, bootId } = { wallMs: undefined, monoMs: undefined, bootId: undefined, ...value };
  return Number.isFinite(wallMs) && Number.isFinite(monoMs) && typeof bootId === 'string';
}

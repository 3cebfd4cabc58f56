// Connects `scope creep` to this machine: its config, its trail, its terminal.
import { existsSync } from 'node:fs';
import { readScopeChanges } from '../adapters/scope-changes.ts';
import { readUseStatistics } from '../adapters/use-statistics.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { type CreepRecord, runScopeCreep } from './scope-creep.ts';
import { PLOT_ASCII, PLOT_BLOCKS } from './scope-creep-screen.ts';
import { openScopeMachine } from './scope-machine.ts';
import { readStateTrail } from './state-trail.ts';
import { showsBlocks, terminalIo } from './terminal.ts';

export interface CreepFlags {
  readonly config?: string;
  readonly days: string;
  readonly tenant: string;
  readonly json?: boolean;
  readonly color: boolean;
}

export async function creep(server: string | undefined, flags: CreepFlags): Promise<number> {
  const machine = await openScopeMachine(flags.config, flags.tenant, 'in_force');
  const marks = showsBlocks() ? PLOT_BLOCKS : PLOT_ASCII;
  return runScopeCreep(
    { ...flags, server },
    terminalIo(flags.color),
    machine,
    readRecord(machine.stateDir, flags),
    marks,
  );
}

/** Nothing on record is an answer; a record that cannot be read is none. @throws GuardError audit_unreadable */
function readRecord(stateDir: string, { tenant }: CreepFlags): CreepRecord {
  if (!existsSync(tenantDir(stateDir, tenant))) {
    return { changes: { changes: [], turns: [], since: new Map(), hasMore: false }, uses: new Map() };
  }
  return readStateTrail(stateDir, tenant, () => ({
    changes: readScopeChanges(stateDir, tenant),
    uses: readUseStatistics(stateDir, tenant).servers,
  }));
}

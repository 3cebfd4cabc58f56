// What lives on the heap of a Node process that was started with `--heapsnapshot-signal=SIGUSR2`, after a collection.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './guarded.ts';

/** @param directory where the process runs, and writes. @returns MiB */
export async function liveHeap(pid: number, directory: string): Promise<number> {
  const find = () => readdirSync(directory).find((name) => name.endsWith('.heapsnapshot'));
  let total = 0;
  process.kill(pid, 'SIGUSR2');
  await eventually(
    'the heap is written',
    () => {
      const name = find();
      if (name === undefined) return false;
      try {
        total = sizeOf(readFileSync(join(directory, name), 'latin1'));
        return true;
      } catch {
        // Not whole yet.
        return false;
      }
    },
    60_000,
  );
  rmSync(join(directory, find() ?? ''));
  return total / 1024 / 1024;
}

function sizeOf(text: string): number {
  // What V8 writes: the sizes stand among the fields of each node.
  const { snapshot, nodes } = JSON.parse(text) as {
    snapshot: { meta: { node_fields: string[] } };
    nodes: number[];
  };
  const fields = snapshot.meta.node_fields;
  const at = fields.indexOf('self_size');
  let total = 0;
  for (let from = at; from < nodes.length; from += fields.length) total += nodes[from] ?? 0;
  return total;
}

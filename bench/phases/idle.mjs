// Phase: what a wrapper holds when nobody calls. One call is made first: everything lazy has then been loaded.
import { cpuMs, residentMiB, sortTree } from '../processes.mjs';
import { isSmallAnswer, makeCalls, smallCall } from './calls.mjs';

const SETTLE_MS = 400;

export async function measureIdle({ open }) {
  const client = open();
  await client.initialize();
  await makeCalls(client, { count: 1, width: 1, params: smallCall, isRight: isSmallAnswer });
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const { wrapper, shells } = sortTree(client.pid);
  const before = cpuMs(wrapper);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const figures = {
    residentMiB: residentMiB(wrapper),
    processes: wrapper.length,
    shells: shells.length,
    shellsMiB: residentMiB(shells),
    cpuMsPerS: ((cpuMs(wrapper) - before) * 1000) / SETTLE_MS,
  };
  await client.close();
  return figures;
}

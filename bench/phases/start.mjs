// Phase: how long from starting the process to the answer to `initialize`.
import { median } from '../statistics.mjs';

export async function measureStart({ open, counts }) {
  const elapsed = [];
  for (let i = 0; i < counts.starts; i++) {
    const client = open();
    elapsed.push(await client.initialize());
    await client.close();
  }
  return { ms: median(elapsed) };
}

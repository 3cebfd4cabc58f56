// Phase: `tools/list` of a short, a long and a very long list, each from a server of its own.
import { median } from '../statistics.mjs';

export async function measureList({ open, counts }) {
  const figures = {};
  for (const [tools, repeats] of Object.entries(counts.lists)) {
    const client = open(Number(tools));
    await client.initialize();
    const elapsed = [];
    for (let i = 0; i < repeats * 1.5; i++) {
      const askedAt = performance.now();
      const answer = await client.request('tools/list');
      elapsed.push(performance.now() - askedAt);
      if (i === 0) checkLength(answer, Number(tools));
    }
    // the first third warmed up; the very first is what a host that lists once waits for
    figures[tools] = { ms: median(elapsed.slice(-repeats)), firstMs: elapsed[0] };
    await client.close();
  }
  return figures;
}

function checkLength({ line, message }, tools) {
  const seen = (message ?? JSON.parse(line.toString())).result?.tools?.length;
  if (seen !== tools) throw new Error(`tools/list answered with ${seen} tools where the server has ${tools}`);
}

// Relays one direction in whole lines: shows every line, then forwards the original bytes of all of them in one write.
import { forward } from './upstream.mjs';

/** `onLine(text)` for each complete line of a chunk, then `onBatch()`, then the bytes leave. */
export function relayLines(from, to, onLine, onBatch = () => {}) {
  let pieces = [];
  from.on('data', (chunk) => {
    const end = chunk.lastIndexOf(10) + 1;
    if (end === 0) {
      pieces.push(chunk);
      return;
    }
    const head = chunk.subarray(0, end);
    const batch = pieces.length === 0 ? head : Buffer.concat([...pieces, head]);
    pieces = end < chunk.length ? [chunk.subarray(end)] : [];
    for (let start = 0; start < batch.length; ) {
      const lf = batch.indexOf(10, start);
      onLine(batch.toString('utf8', start, lf));
      start = lf + 1;
    }
    onBatch();
    forward(batch, from, to);
  });
  from.on('end', () => {
    if (to !== process.stdout) to.end();
  });
}

// Cuts a byte stream into LF-terminated lines. Knows nothing of JSON, and decodes nothing.

/**
 * Returns a function to feed with chunks. `onLine(bytes, from, to)` gets each complete line without its LF, as a range
 * of a buffer, so that a small line costs no allocation. A line that spans chunks is joined once, when it ends.
 */
export function createLineSplitter(onLine) {
  let pieces = [];
  return (chunk) => {
    let from = 0;
    for (let lf = chunk.indexOf(10); lf !== -1; lf = chunk.indexOf(10, from)) {
      if (pieces.length === 0) onLine(chunk, from, lf);
      else {
        const line = Buffer.concat([...pieces, chunk.subarray(from, lf)]);
        pieces = [];
        onLine(line, 0, line.length);
      }
      from = lf + 1;
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
  };
}

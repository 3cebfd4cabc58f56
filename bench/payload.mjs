// Makes large texts that differ from call to call, for the echo server and the client alike. Knows nothing of either.
//
// Every text is source-code-like ASCII with about 4 % of its bytes in JSON escapes (real file contents have 2–6 %),
// starts with a stamp that names the call, and begins at another line of a 3 MB pool than its neighbours, so that
// neither a digest, nor a parse result, nor a compressed form of an earlier call is of any use for a later one.

const POOL_BYTES = 3_000_000;
const ESCAPES_PER_LINE = 3;
const WORDS =
  'value session client upstream record chain grant scope tool line call answer limit state fold index'.split(' ');

/** A 32-bit linear congruential generator (Numerical Recipes): the same texts on every machine. */
function createDice(seed) {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Returns `nonce → { escaped, decodedLength }`: `escaped` is exactly `size` bytes of the inside of a JSON string. */
export function createPayloadSource(size) {
  const dice = createDice(20);
  const word = () => WORDS[dice(WORDS.length)];
  const starts = [];
  let pool = '';
  while (pool.length < POOL_BYTES) {
    starts.push(pool.length);
    pool += `const ${word()}${dice(1e6)} = \\"${word()}\\"; if (${word()} === null) return; // ${word()} of ${word()}\\n`;
  }
  pool = Buffer.from(pool, 'latin1').toString('latin1'); // flat, so that slices of it cost nothing
  const usable = starts.findLastIndex((at) => at + size < pool.length) + 1;
  if (usable === 0) throw new RangeError(`a payload of ${size} bytes does not fit into a pool of ${pool.length}`);

  return (nonce) => {
    const stamp = `#${nonce} `;
    const room = size - stamp.length;
    // 7919 is prime: consecutive calls begin far apart, and every line is used before one comes again.
    const first = (nonce * 7919) % usable;
    let end = first; // the first line that does not fit any more
    for (let step = 1 << 16; step > 0; step >>= 1) {
      if (end + step < starts.length && starts[end + step] - starts[first] <= room) end += step;
    }
    const body = pool.slice(starts[first], starts[end]);
    const escaped = `${stamp}${body}${'x'.repeat(room - body.length)}`;
    return { escaped, decodedLength: size - ESCAPES_PER_LINE * (end - first) };
  };
}

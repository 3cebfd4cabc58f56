// Phase: a session that is worked hard. Many small calls in flight, then 1 MB results, then 1 MB arguments; no two
// large payloads are alike. The peak of memory is that of the whole session so far.
import { createPayloadSource } from '../payload.mjs';
import { cpuMs, peakMiB, sortTree } from '../processes.mjs';
import { isSmallAnswer, makeCalls, smallCall } from './calls.mjs';

const IN_FLIGHT = 64;
const LARGE_BYTES = 1_000_000;
const LARGE_WARM_UP = 10;

const resultCall = (nonce) => `{"name":"echo","arguments":{"make":${LARGE_BYTES},"nonce":${nonce}}}`;

/** In the measured part the length and the stamp are looked at; the whole content is compared in the warm-up. */
function judgeResult({ line }, nonce) {
  return line?.length > LARGE_BYTES && line.indexOf(`"#${nonce} `) !== -1;
}

function judgeWholeResult(source) {
  return ({ line }, nonce) => {
    const expected = JSON.parse(`"${source(nonce).escaped}"`);
    return JSON.parse(line.toString()).result.content[0].text === expected;
  };
}

async function measureCalls(client, { warmUp, measured }) {
  await makeCalls(client, warmUp);
  const { wrapper } = sortTree(client.pid);
  const before = cpuMs(wrapper);
  const { elapsedMs } = await makeCalls(client, measured);
  const perCallMs = (cpuMs(wrapper) - before) / measured.count;
  return { perSecond: (measured.count * 1000) / elapsedMs, cpuUs: perCallMs * 1000, peakMiB: peakMiB(wrapper) };
}

function measureThroughput(client, counts) {
  const calls = { width: IN_FLIGHT, params: smallCall, isRight: isSmallAnswer };
  return measureCalls(client, {
    warmUp: { ...calls, count: counts.inFlightWarmUp },
    measured: { ...calls, count: counts.inFlightCalls },
  });
}

function measureResults(client, counts, source) {
  const calls = { width: 1, params: (i) => resultCall(i) };
  return measureCalls(client, {
    warmUp: { ...calls, count: LARGE_WARM_UP, isRight: judgeWholeResult(source) },
    measured: { ...calls, count: counts.largeCalls, isRight: judgeResult },
  });
}

function measureArguments(client, counts, source) {
  const lengths = new Map();
  const calls = {
    width: 1,
    params: (nonce) => {
      const { escaped, decodedLength } = source(nonce);
      lengths.set(nonce, String(decodedLength));
      return `{"name":"echo","arguments":{"text":"${escaped}","measure":true}}`;
    },
    isRight: ({ message }, nonce) => message?.result?.content?.[0].text === lengths.get(nonce),
  };
  return measureCalls(client, {
    warmUp: { ...calls, count: LARGE_WARM_UP },
    measured: {
      ...calls,
      count: counts.largeCalls,
      params: (i) => calls.params(i + LARGE_WARM_UP),
      isRight: (answer, i) => calls.isRight(answer, i + LARGE_WARM_UP),
    },
  });
}

/** 1 MB is 1e6 bytes, so calls a second of the large calls are MB/s. */
export async function measureLoad({ open, counts }) {
  const client = open();
  await client.initialize();
  const source = createPayloadSource(LARGE_BYTES);
  const inFlight = await measureThroughput(client, counts);
  const results = await measureResults(client, counts, source);
  const args = await measureArguments(client, counts, source);
  await client.close();
  return { inFlight, results, args, peakMiB: args.peakMiB };
}

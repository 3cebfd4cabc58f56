// A guard in miniature, run as a process of its own: appends calls and says which were acknowledged.
// Arguments: state directory, number of calls (0: without end), payload bytes, and `stay` to wait for stdin to end before closing.
import { createJsonlSink } from '../../../src/adapters/jsonl-sink.ts';
import { makeIntent, makeOutcome, origin, payloadOf } from '../../audit/sample.ts';

const [stateDir = '', calls = '0', bytes = '50', end = 'close'] = process.argv.slice(2);
const now = () => ({ wallMs: Date.now(), monoMs: performance.now() });
const sink = createJsonlSink({
  stateDir,
  tenant: 'default',
  origin: { ...origin, session: `pid-${process.pid}` },
  clock: { now },
  log: { write: (_level, text) => process.stderr.write(`${text}\n`) },
  maxSegmentBytes: 200_000,
});

const payload = payloadOf({ x: 'y'.repeat(Number(bytes)) });
let id = 0;
function some(): void {
  for (let i = 0; i < 20; i++) {
    if (Number(calls) > 0 && id >= Number(calls)) {
      finish();
      return;
    }
    id += 1;
    const intent = makeIntent({ at: now(), rpcId: id, payload });
    if (!sink.append([intent])) process.exit(3);
    // Written by the kernel before the next line runs, as a call's bytes would be.
    process.stdout.write(`${intent.ref?.segment}:${intent.ref?.seq} ${id}\n`);
    if (!sink.append([makeOutcome(intent, { at: now(), payload })])) process.exit(3);
  }
  setImmediate(some);
}
function finish(): void {
  if (end === 'close') sink.close('done');
  else process.stdin.resume().on('end', () => sink.close('done'));
  process.stdout.write('finished\n');
}
some();

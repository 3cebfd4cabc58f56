// Floor: parses every message of both directions and forwards the original bytes. What looking costs.
import { relayLines } from './relay.mjs';
import { startUpstream } from './upstream.mjs';

const upstream = startUpstream();
const counts = { calls: 0, answers: 0 }; // something of the parsed tree is used, as any wrapper does
relayLines(process.stdin, upstream.stdin, (line) => {
  if (JSON.parse(line).method === 'tools/call') counts.calls += 1;
});
relayLines(upstream.stdout, process.stdout, (line) => {
  if (JSON.parse(line).id !== undefined) counts.answers += 1;
});

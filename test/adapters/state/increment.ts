// A process that increments the counter of a state document: argv = path, times. Prints `ready`, then `done`.
import { openStateDocument } from '../../../src/adapters/state-document.ts';
import { counterSpec } from './counter-spec.ts';

const [path = '', times = '0'] = process.argv.slice(2);
const counter = openStateDocument({ ...counterSpec(path, () => {}), lockTimeoutMs: 60_000 });
for (let i = 0; i < Number(times); i += 1) {
  await counter.update((current) => ({ version: 2, count: current.count + 1 }));
}
process.stdout.write('done\n');

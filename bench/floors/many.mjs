// Floor of many servers behind one client: starts each command of the list, hands every line to all of them, and answers when the last of
// them has. No policy, no record, no names. The commands are a JSON array, as the one argument.
import { spawn } from 'node:child_process';

const commands = JSON.parse(process.argv[2]);
const children = commands.map(([command, ...args]) => spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
let answered = 0;
for (const child of children) {
  let rest = '';
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      answered += 1;
      if (answered % children.length === 0) process.stdout.write(`${line}\n`);
    }
  });
}
process.stdin.on('data', (bytes) => {
  for (const child of children) child.stdin.write(bytes);
});
process.stdin.on('end', () => {
  for (const child of children) child.stdin.end();
});

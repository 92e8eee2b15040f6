/**
 * A program: listens on every port from its first argument to its second, tells so with one line,
 * and ends when its input does, so that it never outlives the test that wanted it.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const [first, last] = process.argv.slice(2).map(Number);
if (first === undefined || last === undefined) throw new TypeError('two ports are needed');
for (let port = first; port <= last; port += 1) {
  const server = createServer((socket) => socket.destroy());
  server.listen({ host: '::', port });
  await once(server, 'listening');
}
process.stdin.on('close', () => process.exit(0)).resume();
process.stdout.write('held\n');

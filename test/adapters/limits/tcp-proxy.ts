// Stands between a store and its redis: passes on at once, late, or never, as a test says. Asserts nothing.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export class TcpProxy {
  /** Before each piece of an answer. */
  delayMs = 0;
  /** Answers wait for `release`. */
  isHolding = false;
  /** Nothing passes, either way; connections stay, and new ones are taken. */
  isSwallowing = false;
  /** How many there have been. */
  connections = 0;
  readonly #held: (() => void)[] = [];
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#join(client));

  constructor(port: number) {
    this.#port = port;
  }

  /** @returns its URL */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return `redis://127.0.0.1:${address.port}`;
  }

  #join(client: Socket): void {
    this.connections += 1;
    const server = connect(this.#port, '127.0.0.1');
    const both = [client, server];
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const one of both) one.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (!this.isSwallowing) server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (this.isSwallowing) return;
      if (this.isHolding) this.#held.push(() => client.write(bytes));
      else if (this.delayMs === 0) client.write(bytes);
      else setTimeout(() => client.write(bytes), this.delayMs);
    });
  }

  release(): void {
    this.isHolding = false;
    for (const write of this.#held.splice(0)) write();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

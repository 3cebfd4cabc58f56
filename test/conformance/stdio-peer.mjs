// One stdio server as somebody to ask: ids of its own towards the server, the asker's ids back. Knows no HTTP.
import { spawn } from 'node:child_process';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const LISTEN = 'subscriptions/listen';

/** Notes and requests that belong to no open request go to `onUnclaimed`. */
export class StdioPeer {
  #child;
  #open = new Map();
  #lastId = 0;
  #rest = Buffer.alloc(0);
  onUnclaimed = () => {};

  constructor([command, ...args]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.once('error', resolve);
    });
    this.exited.then(() => this.#failAll());
    this.#child.stdin.on('error', () => {}); // An ending, told by `exited`.
    this.#child.stdout.on('data', (chunk) => this.#take(chunk));
  }

  get idle() {
    return this.#open.size === 0;
  }

  tell(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /**
   * Sends a request under an id of this peer. What the server says meanwhile goes to `onInterim`, with the asker's ids.
   * `answer` resolves to the response, or to undefined where the server ended first. `cancel` forgets it and tells the server.
   */
  ask(request, onInterim) {
    const wireId = ++this.#lastId;
    const answer = new Promise((resolve) => {
      const { id, method, params } = request;
      this.#open.set(wireId, { id, method, token: params?._meta?.progressToken, onInterim, resolve });
    });
    this.tell({ ...request, id: wireId });
    const cancel = () => {
      if (!this.#open.delete(wireId)) return;
      this.tell({
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: wireId, reason: 'stream closed' },
      });
    };
    return { answer, cancel };
  }

  /** Ends the server as a host does, and resolves when it has gone: to true where it had to be killed. */
  async end() {
    let forced = false;
    const force = setTimeout(() => {
      forced = true;
      this.#child.kill('SIGKILL');
    }, 3000);
    this.#child.stdin.end();
    await this.exited;
    clearTimeout(force);
    return forced;
  }

  #failAll() {
    for (const open of this.#open.values()) open.resolve(undefined);
    this.#open.clear();
  }

  #take(chunk) {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      this.#dispatch(JSON.parse(bytes.toString('utf8', start, end)));
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
  }

  #dispatch(message) {
    if (message.method === undefined) this.#settle(message);
    else (this.#ownerOf(message)?.onInterim ?? this.onUnclaimed)(message);
  }

  #settle(response) {
    const open = this.#open.get(response.id);
    if (open === undefined) return;
    this.#open.delete(response.id);
    const meta = response.result?._meta;
    if (meta?.[SUBSCRIPTION] !== undefined) meta[SUBSCRIPTION] = open.id;
    open.resolve({ ...response, id: open.id });
  }

  /** Stdio has one stream for all, HTTP one for each request: finds the request a note belongs to, and gives its ids back. */
  #ownerOf({ method, params }) {
    const subscription = params?._meta?.[SUBSCRIPTION];
    if (subscription !== undefined) {
      const open = this.#open.get(subscription);
      if (open) params._meta[SUBSCRIPTION] = open.id;
      return open;
    }
    if (method === 'notifications/cancelled' && this.#open.has(params?.requestId)) {
      const open = this.#open.get(params.requestId);
      params.requestId = open.id;
      return open;
    }
    const asking = [...this.#open.values()].filter((open) => open.method !== LISTEN);
    if (params?.progressToken !== undefined) return asking.find((open) => open.token === params.progressToken);
    return asking.at(-1);
  }
}

// What policies are told of a server that ends and may come back, and what becomes of the requests that they hold meanwhile.
import { describe, expect, it } from 'vitest';
import type { Interceptor, RequestView, Resumption } from '../../src/core/interceptor.ts';
import { PASS } from '../../src/core/interceptor.ts';
import { call, Playbook, type PlaybookOptions, result, SERVER } from './playbook.ts';

const STARTED = { type: 'upstream_started', upstream: SERVER, pid: 1 } as const;

function told(options: PlaybookOptions = {}): { book: Playbook; words: string[] } {
  const words: string[] = [];
  const listener: Interceptor = {
    name: 'listener',
    onExit: (upstream, { monoMs }) => void words.push(`${upstream} exits at ${monoMs}`),
    onFate: (upstream, fate, { monoMs }) => void words.push(`${upstream} is ${fate} at ${monoMs}`),
  };
  return { book: new Playbook({ onExit: 'restart', ...options, interceptors: [listener] }), words };
}

describe('the fate of a server that has exited', () => {
  it('is told when it takes requests again', () => {
    const { book, words } = told();
    book.event(STARTED).exits();
    book.nowMs = 2_000;
    expect(words).toEqual(['srv exits at 1000']);
    book.event(STARTED);
    expect(words).toEqual(['srv exits at 1000', 'srv is back at 2000']);
  });

  it('is told with how it ended', () => {
    const hows: string[] = [];
    const listener: Interceptor = { name: 'listener', onExit: (_, __, how) => void hows.push(how) };
    const book = new Playbook({ onExit: 'restart', interceptors: [listener] });
    book.event(STARTED).exits({ kind: 'signalled', text: 'signal SIGKILL' });
    book.event(STARTED).exits({ kind: 'unstartable', text: 'ENOENT' });
    expect(hows).toEqual(['signal SIGKILL', 'ENOENT']);
  });

  it('is told once it has been greeted, where it must be', () => {
    const { book, words } = told();
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
    book.client({ id: 0, method: 'initialize', params }).upstream(result(0, { protocolVersion: '2025-06-18' }));
    book.client({ method: 'notifications/initialized' }).exits().take();
    const [greeting] = book.event(STARTED).toServer();
    expect(words).toHaveLength(1);
    book.upstream(result(JSON.parse(greeting ?? '').id, {}));
    expect(words.at(-1)).toBe('srv is back at 1000');
  });

  it.each<[string, PlaybookOptions, (book: Playbook) => unknown]>([
    ['is not started again', { onExit: 'exit' }, (book) => book.exits()],
    ['exits too often', { restart: { maxExits: 2 } }, (book) => book.exits().exits()],
    ['loses its client while it is away', {}, (book) => book.exits().event({ type: 'client_ended' })],
    ['cannot be started', {}, (book) => book.exits().exits({ kind: 'unstartable', text: 'ENOENT' })],
  ])('is told where it %s', (_, options, end) => {
    const { book, words } = told(options);
    end(book);
    expect(words.filter((word) => word.includes(' is '))).toEqual(['srv is gone at 1000']);
    expect(words.at(-1)).toBe('srv is gone at 1000');
  });

  it('is told to the others where a policy throws', () => {
    const { words } = told();
    const bad: Interceptor = {
      name: 'bad',
      onFate: () => {
        throw new Error('a policy fails');
      },
    };
    const good: Interceptor = { name: 'good', onFate: (_, fate) => void words.push(fate) };
    const book = new Playbook({ interceptors: [bad, good] }).exits();
    expect([book.faults, words]).toEqual([['bad'], ['gone']]);
  });
});

describe('a held request whose server is started again', () => {
  class Gate implements Interceptor {
    readonly name = 'gate';
    readonly held: RequestView[] = [];
    readonly told: string[] = [];
    ready: Resumption[] = [];
    onRequest(request: RequestView) {
      this.held.push(request);
      return { kind: 'wait', why: 'test' } as const;
    }
    onWaited() {
      return PASS;
    }
    onAbandoned({ asked }: RequestView) {
      this.told.push(`${asked} abandoned`);
    }
    takeReady() {
      return this.ready.splice(0);
    }
    open() {
      this.ready = this.held.splice(0).map((request) => ({ request, outcome: 'go' }));
    }
  }

  it('was never sent, so it waits on, and goes to the next server', () => {
    const gate = new Gate();
    const book = new Playbook({ onExit: 'restart', interceptors: [gate] });
    expect(book.client(call(1)).exits().toClient()).toEqual([]);
    expect(gate.told).toEqual([]);
    gate.open();
    expect(book.at(2_000).toServer()).toEqual([]);
    expect(book.event(STARTED).toServer()).toHaveLength(1);
    expect(book.upstream(result(1)).toClient()).toHaveLength(1);
  });

  it('is answered where there is none', () => {
    const gate = new Gate();
    const book = new Playbook({ onExit: 'restart', restart: { maxExits: 2 }, interceptors: [gate] });
    book.exits().client(call(1)).take();
    expect(book.exits().toClient()).toHaveLength(1);
    expect(gate.told).toEqual(['client abandoned']);
  });

  it('ends with its server where that asked it', () => {
    const gate = new Gate();
    const book = new Playbook({ onExit: 'restart', interceptors: [gate] });
    book.upstream({ id: 4, method: 'roots/list' }).exits();
    expect(gate.told).toEqual(['server abandoned']);
  });
});

// The keys of the issuer: fetched once for all guards of the machine, never older than allowed, never guessed.
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type IssuerKeys, loadIssuerKeys } from '../../../src/adapters/issuer-keys.ts';
import { fetchKeys } from '../../../src/adapters/jwks-fetch.ts';
import { makeKey, NOW } from './issuer.ts';

const one = makeKey('k1').jwk;
const two = makeKey('k2').jwk;
const SOURCE = { kind: 'url', url: 'https://login.example.com/keys', cacheMs: 600_000 } as const;

const shortKey = () => crypto.generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });

let stateDir: string;
beforeEach(() => {
  stateDir = fs.mkdtempSync(join(tmpdir(), 'issuer-keys-'));
});
afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

/** An issuer that answers with what stands in `answers`, the last one for ever. */
function issue(...answers: readonly (string | Error)[]) {
  let asked = 0;
  return {
    asked: () => asked,
    fetchText: async () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('nothing');
      return answer;
    },
  };
}
const set = (...keys: readonly object[]): string => JSON.stringify({ keys });
const ask = (issuer: Pick<ReturnType<typeof issue>, 'fetchText'>, nowMs = NOW) =>
  loadIssuerKeys(SOURCE, { stateDir, nowMs, fetchText: issuer.fetchText });
/** Undefined where there are none. */
const load = async (issuer: ReturnType<typeof issue>, nowMs = NOW): Promise<IssuerKeys | undefined> => {
  const answer = await ask(issuer, nowMs);
  return 'keys' in answer ? answer : undefined;
};

describe('from an address', () => {
  test('they are fetched once, and kept for all guards of this machine', async () => {
    const issuer = issue(set(one));
    expect((await load(issuer))?.keys).toEqual([one]);
    expect((await load(issuer, NOW + 599_999))?.keys).toEqual([one]);
    expect(issuer.asked()).toBe(1);
    const [name = ''] = fs.readdirSync(join(stateDir, 'tokens'));
    expect(fs.statSync(join(stateDir, 'tokens', name)).mode & 0o777).toBe(0o600);
  });

  test('they are fetched again when they are too old, or a clock was set back', async () => {
    const issuer = issue(set(one), set(two));
    await load(issuer);
    expect((await load(issuer, NOW + 600_000))?.keys).toEqual([two]);
    expect((await load(issuer, NOW - 1))?.keys).toEqual([two]);
    expect(issuer.asked()).toBe(3);
  });

  test('an issuer that cannot be reached: what is young enough counts, what is not does not, and nothing is guessed', async () => {
    const issuer = issue(set(one), new Error('connect ECONNREFUSED'));
    await load(issuer);
    expect((await load(issuer, NOW + 1))?.keys).toEqual([one]);
    expect(await load(issuer, NOW + 600_000)).toBeUndefined();
  });

  test('an unknown key makes the guards ask anew, but not more often than every 30 s', async () => {
    const issuer = issue(set(one), set(two));
    await (await load(issuer))?.refresh();
    expect(issuer.asked()).toBe(1);
    expect(await (await load(issuer, NOW + 29_999))?.refresh()).toBeUndefined();
    expect(issuer.asked()).toBe(1);
    expect((await (await load(issuer, NOW + 30_000))?.refresh())?.keys).toEqual([two]);
    // what was fetched is what the next one finds
    expect((await load(issuer, NOW + 30_001))?.keys).toEqual([two]);
    expect(issuer.asked()).toBe(2);
  });

  test('one that fails is asked no more often either, whatever is there of it', async () => {
    const issuer = issue(new Error('connect ECONNREFUSED'), new Error('again'), set(one), new Error('gone'));
    expect(await load(issuer)).toBeUndefined();
    expect(await load(issuer, NOW + 29_999)).toBeUndefined();
    expect(issuer.asked()).toBe(1);
    expect(await load(issuer, NOW + 30_000)).toBeUndefined();
    expect((await load(issuer, NOW + 60_000))?.keys).toEqual([one]);
    expect(await (await load(issuer, NOW + 90_000))?.refresh()).toBeUndefined();
    expect(issuer.asked()).toBe(4);
    for (const ms of [90_001, 119_999]) expect(await (await load(issuer, NOW + ms))?.refresh()).toBeUndefined();
    expect(issuer.asked()).toBe(4);
    // and the good ones are still there, as old as they are
    expect((await load(issuer, NOW + 659_999))?.keys).toEqual([one]);
    expect(await load(issuer, NOW + 660_000)).toBeUndefined();
    expect(issuer.asked()).toBe(5);
  });

  test.each([
    ['empty', set()],
    ['without a key that counts', set({ kty: 'oct', k: 'c2VjcmV0' })],
    ['a key by name only', set({ kty: 'RSA' }, { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, { kty: 'OKP', x: 'AA' })],
    ['too small a key', set(shortKey())],
    ['no JSON', '<html>'],
    ['no key set', '{}'],
    ['keys that are no list', '{"keys":{}}'],
    ['too many', set(...Array.from({ length: 101 }, () => one))],
  ])('an answer that is %s counts as none, and takes no place of a good one', async (_, answer) => {
    const issuer = issue(set(one), answer);
    await load(issuer);
    expect(await load(issuer, NOW + 600_000)).toBeUndefined();
    expect((await load(issue(new Error('x')), NOW + 1))?.keys).toEqual([one]);
  });

  test('what could sign is left out: a shared secret, a key for encryption, whatever is no object', async () => {
    const odd = [{ kty: 'oct', k: 'c2VjcmV0' }, { ...one, use: 'enc' }, 'x', null, { kty: 'AKP' }];
    expect((await load(issue(JSON.stringify({ keys: [...odd, one] }))))?.keys).toEqual([one]);
  });

  test.each([
    ['of another address', (text: string) => text.replace('login.example.com', 'evil.example.com')],
    ['of another version', (text: string) => text.replace('"version":1', '"version":2')],
    ['that is cut off', (text: string) => text.slice(0, -9)],
    ['without a time', (text: string) => text.replace('fetchedMs', 'fetched')],
  ])('a cache %s is no cache', async (_, change) => {
    await load(issue(set(one)));
    const [name = ''] = fs.readdirSync(join(stateDir, 'tokens'));
    const path = join(stateDir, 'tokens', name);
    fs.writeFileSync(path, change(fs.readFileSync(path, 'utf8')));
    expect((await load(issue(set(two))))?.keys).toEqual([two]);
  });

  test('a cache that others can write is no cache', async () => {
    await load(issue(set(one)));
    const [name = ''] = fs.readdirSync(join(stateDir, 'tokens'));
    fs.chmodSync(join(stateDir, 'tokens', name), 0o622);
    expect((await load(issue(set(two))))?.keys).toEqual([two]);
  });
});

describe('why there are none is said, without the address and without what stands there', () => {
  const whyOf = async (fetchText: () => Promise<string>, nowMs = NOW) => ({ ...(await ask({ fetchText }, nowMs)) });
  const fails = (error: Error) => () => Promise.reject(error);

  test('of an issuer that cannot be reached: by the code, and later that it was asked just now', async () => {
    const cause = Object.assign(new Error('connect to login.example.com'), { code: 'ECONNREFUSED' });
    expect(await whyOf(fails(new TypeError('fetch failed', { cause })))).toMatchObject({
      why: '`auth.jwt.jwksUrl`: what stands there could not be had (ECONNREFUSED)',
    });
    expect(await whyOf(fails(cause), NOW + 1)).toMatchObject({
      why: expect.stringContaining('in vain less than 30 s'),
    });
  });

  test.each([
    [fails(new Error('it answered with status 404')), 'could not be had (it answered with status 404)'],
    [fails(new TypeError('https://ada:pw@login.example.com')), 'could not be had (TypeError)'],
    [async () => '<html>', 'is no JSON'],
    [async () => '{"keys":{}}', 'is no key set: no object with `keys`, a list of at most 100'],
    [async () => set(), 'holds no key at all'],
  ])('%#', async (fetchText, why) => {
    expect(await whyOf(fetchText)).toMatchObject({ why: `\`auth.jwt.jwksUrl\`: what stands there ${why}` });
  });
});

describe('from a file', () => {
  const ofFile = (path: string) =>
    loadIssuerKeys(
      { kind: 'file', path },
      { stateDir, nowMs: NOW, fetchText: () => Promise.reject(new Error('asked')) },
    );
  const from = async (path: string): Promise<IssuerKeys | undefined> => {
    const answer = await ofFile(path);
    return 'keys' in answer ? answer : undefined;
  };

  test('each way in which there are none has words of its own, with the file', async () => {
    const path = join(stateDir, 'keys.json');
    const whyOf = async (text: string, mode = 0o600) => {
      fs.writeFileSync(path, text);
      fs.chmodSync(path, mode);
      const answer = await ofFile(path);
      return 'why' in answer ? answer.why.replace(`\`auth.jwt.jwksFile\`: \`${path}\` `, '') : undefined;
    };
    expect(await ofFile(path)).toMatchObject({ why: `\`auth.jwt.jwksFile\`: there is no file \`${path}\`` });
    expect(await whyOf('{bad')).toBe('is no JSON');
    expect(await whyOf('[]')).toMatch(/^is no key set: /);
    expect(await whyOf(set())).toBe('holds no key at all');
    expect(await whyOf(set({ kty: 'oct', k: 'c2VjcmV0' }))).toMatch(/^holds no public key that could be used: /);
    expect(await whyOf(set(one), 0o622)).toBe('is not believed: its group or everybody can write it');
    expect(await whyOf(set(one))).toBeUndefined();
    expect(await ofFile(stateDir)).toMatchObject({
      why: expect.stringContaining('cannot be read (it is no regular file)'),
    });
  });

  test('they are read at each start', async () => {
    const path = join(stateDir, 'keys.json');
    fs.writeFileSync(path, set(one));
    expect((await from(path))?.keys).toEqual([one]);
    fs.writeFileSync(path, set(two));
    expect((await from(path))?.keys).toEqual([two]);
    expect(await (await from(path))?.refresh()).toBeUndefined();
  });

  test('a file that others can write, or that is not there, lets nobody in', async () => {
    const path = join(stateDir, 'keys.json');
    expect(await from(path)).toBeUndefined();
    fs.writeFileSync(path, set(one));
    fs.chmodSync(path, 0o622);
    expect(await from(path)).toBeUndefined();
  });
});

describe('the request', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const serve = (listener: RequestListener): Promise<string> =>
    new Promise((resolve) => {
      const server = createServer(listener);
      servers.push(server);
      // a server that listens on a port has an address of that kind
      server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
    });

  test('brings the body', async () => {
    const url = await serve((_, response) => response.end(set(one)));
    expect(await fetchKeys(url)).toBe(set(one));
  });

  test('follows nobody to another address', async () => {
    let asked = 0;
    const other = await serve((_, response) => {
      asked += 1;
      response.end(set(two));
    });
    const url = await serve((_, response) => response.writeHead(302, { location: other }).end());
    await expect(fetchKeys(url)).rejects.toThrow();
    expect(asked).toBe(0);
  });

  test('takes no more than it has to', async () => {
    let isClosed = false;
    const url = await serve((_, response) => {
      response.on('close', () => {
        isClosed = true;
      });
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    });
    await expect(fetchKeys(url)).rejects.toThrow(/more than 262144 bytes/);
    await expect.poll(() => isClosed).toBe(true);
  });

  test('waits no longer than it has to: for an answer, and for the rest of one', async () => {
    const silent = await serve(() => {});
    await expect(fetchKeys(silent, 50)).rejects.toThrow();
    const dripping = await serve((_, response) => response.write('{'));
    await expect(fetchKeys(dripping, 50)).rejects.toThrow();
  });

  test.each([404, 500, 204])('status %i is no answer', async (status) => {
    const url = await serve((_, response) => response.writeHead(status).end(status === 204 ? undefined : set(one)));
    await expect(fetchKeys(url)).rejects.toThrow(String(status));
  });

  test('nobody there', async () => {
    await expect(fetchKeys('http://127.0.0.1:1/')).rejects.toThrow();
  });
});

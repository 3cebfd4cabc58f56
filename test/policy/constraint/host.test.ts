// URLs: which host every reader goes to, and which addresses no wildcard opens.
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/wire/json.ts';
import { ask, complaints } from './one-constraint.ts';

const api = {
  host: ['api.example.com', '*.example.org', 'alt.example.com:8443', 'any.example.com:*', 'bücher.example'],
};
const anywhere = { host: ['*'] };

describe('a named host', () => {
  test.each([
    'https://api.example.com',
    'https://api.example.com/',
    'http://api.example.com/x?y#z',
    'HTTPS://API.EXAMPLE.COM/x',
    'https://api.example.com?q',
    'https://api.example.com:443/',
    'http://api.example.com:80/',
    'https://a.example.org/',
    'https://a.b.example.org/',
    'https://alt.example.com:8443/x',
    'https://any.example.com/',
    'https://any.example.com:9/',
    'https://bücher.example/',
    'https://xn--bcher-kva.example/',
    'https://api.example.com/@x',
    'https://api.example.com/a%2e%2e?b=http://evil.example/',
  ])('%s is allowed', (url) => {
    expect(ask(api, url)).toBeUndefined();
  });

  test.each<Json>([
    // another host
    'https://evil.example/',
    'https://example.com/',
    'https://example.org/',
    'https://xexample.org/',
    'https://api.example.com.evil.example/',
    'https://evil.example/api.example.com',
    'https://evil.example/?https://api.example.com',
    'https://evil.example#api.example.com',
    'https://sub.api.example.com/',
    // another port
    'https://api.example.com:8443/',
    'https://api.example.com:80/',
    'http://api.example.com:443/',
    'https://alt.example.com/',
    'https://api.example.com:0/',
    'https://api.example.com:/',
    'https://api.example.com:00443/',
    'https://api.example.com:65979/',
    'https://any.example.com:65979/',
    'https://api.example.com:4４3/',
    // user names
    'https://user@api.example.com/',
    'https://api.example.com@evil.example/',
    'https://api.example.com:443@evil.example/',
    'https://@api.example.com/',
    'https://api.example.com#@evil.example/',
    'https://api.example.com?@evil.example/',
    'https://evil.example\\@api.example.com/',
    'https://api.example.com\\@evil.example/',
    'https://api.example.com%40evil.example/',
    // what parsers drop or turn
    ' https://api.example.com/',
    'https://api.example.com/ ',
    'https://api.exa\tmple.com/',
    'ht\ntps://api.example.com/',
    'https:\\\\api.example.com/',
    'https:/api.example.com/',
    'https:api.example.com',
    'https:///api.example.com/',
    '//api.example.com/',
    'api.example.com',
    'https://',
    '',
    'https://api%2eexample.com/',
    'https://%61pi.example.com/',
    'https://api.example.com%00.evil.example/',
    'https://api.example.com\0',
    'https://api.example.com./',
    'https://api。example.com/',
    'https://ａpi.example.com/',
    'https://api.example.com\u00ad/',
    'https://API.EXAMPLE.COM\u200b/',
    'https://api.example,com/',
    'https://[api.example.com]/',
    'https://api.example.com;evil.example/',
    'https://api_.example.com|x/',
    'https://..example.org/',
    'https://-.example.org/',
    'https://straße.example/',
    'https://BÜCHER.example/',
    'https://xn--a.example.org:x/',
    // another scheme
    'ftp://api.example.com/',
    'file://api.example.com/',
    'javascript://api.example.com/%0aalert(1)',
    'ws://api.example.com/',
    'gopher://api.example.com:443/',
    'data:text/html,https://api.example.com/',
    'git@api.example.com:x',
    'view-source:https://api.example.com/',
    // no string
    7,
    null,
    ['https://api.example.com/'],
    { href: 'https://api.example.com/' },
    'https://api.example.com/\ud800',
    `https://api.example.com/${'x'.repeat(9000)}`,
  ])('%j is refused', (url) => {
    expect(ask(api, url)).toMatch(/^`\/v` must .*a URL on `api\.example\.com`, .* or `bücher\.example`$/);
  });

  test('a scheme in the pattern is the scheme', () => {
    const sockets = { host: ['wss://live.example.com', 'postgres://db.example.com:5432', 'redis://cache.example.com'] };
    expect(ask(sockets, 'wss://live.example.com/x')).toBeUndefined();
    expect(ask(sockets, 'wss://live.example.com:443/x')).toBeUndefined();
    expect(ask(sockets, 'https://live.example.com/x')).toBeDefined();
    expect(ask(sockets, 'ws://live.example.com/x')).toBeDefined();
    expect(ask(sockets, 'postgres://db.example.com:5432/x')).toBeUndefined();
    expect(ask(sockets, 'postgres://db.example.com/x')).toBeDefined();
    expect(ask(sockets, 'postgres://me:pw@db.example.com:5432/x')).toBeDefined();
    expect(ask(sockets, 'redis://cache.example.com')).toBeUndefined();
    expect(ask(sockets, 'redis://cache.example.com:6379')).toBeDefined();
    expect(ask(sockets, 'redis://CACHE.example.com')).toBeUndefined();
    expect(ask({ host: ['redis://127.0.0.1'] }, 'redis://0x7f.1/')).toBeDefined();
  });
});

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '168.63.129.15',
  '168.63.129.17',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '[2606:4700::1111]',
  '[2001:4860:4860::8888]',
  '[2a00:1450::1]',
  '[2001:200::1]',
  '[3fff:1000::1]',
];
const NOT_PUBLIC = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.0',
  '10.255.255.255',
  '100.64.0.1',
  '100.100.100.200',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.0.0',
  '169.254.169.254',
  '169.254.170.2',
  '172.16.0.0',
  '172.31.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.0',
  '192.168.255.255',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[::ffff:8.8.8.8]',
  '[::127.0.0.1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::1]',
  '[100::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[febf::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[2001::1]',
  '[2001:db8::1]',
  '[2001:10::1]',
  '[2002:7f00:1::]',
  '[3fff::1]',
  '[3fff:fff::1]',
  '[0:0:0:0:0:0:0:1]',
  '[4000::1]',
  '[1fff::1]',
];
const LOCAL_NAMES = [
  'localhost',
  'LOCALHOST',
  'a.localhost',
  'printer',
  'printer.local',
  'metadata.google.internal',
  'localhost.localdomain',
  'localhost6.localdomain6',
  'kubernetes.default',
  'kubernetes.default.svc',
  'fritz.box',
  'nas.fritz.box',
  'x.test',
  'x.onion',
  'x.domain',
  'x.workgroup',
  'x.invalid',
  'x.intranet',
  'nas.lan',
  'router.home',
  'x.corp',
  'x.home.arpa',
  '1.0.0.127.in-addr.arpa',
];
/** Each is 127.0.0.1 or 169.254.169.254 for some reader. */
const ODD_FORMS = [
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '127.1',
  '127.0.1',
  '127.0.0.01',
  '127.0.0.1.',
  '0x7F.0.0.1',
  '2852039166',
  '0251.0376.0251.0376',
  '169.254.43518',
  '１２７.0.0.1',
  '127。0。0。1',
  '①②⑦.0.0.1',
  '%31%32%37.0.0.1',
  '[::1%25eth0]',
  '[fe80::1%eth0]',
  '[::1',
  '::1',
  '010.8.8.8',
  '0x08.8.8.8',
  '8.8.2056',
];

describe('any public host', () => {
  test.each([
    ...PUBLIC,
    'example.com',
    'a.b.c.example',
    'xn--bcher-kva.example',
    'internal.example.com',
    'locals.net',
    'example.box',
    'afritz.box',
    'test.net',
  ])('%s is one', (host) => {
    expect(ask(anywhere, `http://${host}/`)).toBeUndefined();
  });

  test.each([...NOT_PUBLIC, ...LOCAL_NAMES, ...ODD_FORMS])('%s is none', (host) => {
    expect(ask(anywhere, `http://${host}/`)).toMatch(/^`\/v` must /);
  });

  test('only on the usual ports, unless it says so', () => {
    expect(ask(anywhere, 'http://example.com:8080/')).toBeDefined();
    expect(ask({ host: ['*:8080'] }, 'http://example.com:8080/')).toBeUndefined();
    expect(ask({ host: ['*:*'] }, 'http://example.com:22/')).toBeUndefined();
    expect(ask({ host: ['*:*'] }, 'http://127.0.0.1:22/')).toBeDefined();
    expect(ask({ host: ['https://*'] }, 'http://example.com/')).toBeDefined();
  });
});

describe('a private address', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '[0:0::0:1]'],
    ['169.254.169.254', '169.254.169.254'],
    ['localhost', 'LocalHost'],
    ['printer', 'printer'],
  ])('%s is allowed by its own name', (pattern, host) => {
    expect(ask({ host: [pattern] }, `http://${host}/`)).toBeUndefined();
    expect(ask({ host: [`${pattern}:8080`] }, `http://${host}:8080/`)).toBeUndefined();
    expect(ask({ host: [`${pattern}:8080`] }, `http://${host}/`)).toBeDefined();
  });

  test.each(['2130706433', '0177.0.0.1', '127.1', '127.0.0.2', 'localhost', '[::ffff:127.0.0.1]', '[::1]', '0.0.0.0'])(
    '127.0.0.1 does not allow %s',
    (host) => {
      expect(ask({ host: ['127.0.0.1'] }, `http://${host}/`)).toBeDefined();
    },
  );
});

test.each([
  'https://',
  'a b',
  'api.example.com/x',
  'user@api.example.com',
  '*.*.example.com',
  'a.*.com',
  '**',
  '*.',
  '*.127.0.0.1',
  '*.[::1]',
  '127.1',
  '0x7f.0.0.1',
  'api.example.com.',
  'api.example.com:0',
  'api.example.com:65536',
  'api.example.com:http',
  '[::1%eth0]',
  '',
  ':8080',
  '-x.com',
  'straße.example',
  '*.0.0.1',
])('the pattern %j is refused in the config', (pattern) => {
  expect(complaints({ host: ['ok.example.com', pattern] })[0]).toMatch(/^grant\.args\["\/v"\]\.host\[1\]: must /);
});

test.each([
  ['http://10.0.0.1/', 'does not include private and local names and addresses'],
  ['http://localhost/', 'does not include private and local names and addresses'],
  ['https://example.com:8443/', 'does not include other ports than the usual one of the scheme'],
  ['ftp://example.com/', 'does not include other schemes than `http` and `https`'],
])('what `*` does not include is said: %s', (url, why) => {
  expect(ask({ host: ['*'] }, url)).toBe(`\`/v\` must be a URL on \`*\`; \`*\` ${why}: such must be named`);
  expect(ask({ host: ['api.example.com', '*'] }, url)).toContain(why);
  expect(ask({ host: ['api.example.com'] }, url)).not.toContain('include');
});

test('what a narrower `*` includes is not spoken of', () => {
  expect(ask({ host: ['wss://*:*'] }, 'https://example.com/')).toBe(
    '`/v` must be a URL on `wss://*:*`; `wss://*:*` does not include other schemes than `wss`: such must be named',
  );
  expect(ask({ host: ['*:8443'] }, 'https://example.com/')).toBe(
    '`/v` must be a URL on `*:8443`; `*:8443` does not include other ports than `8443`: such must be named',
  );
});

// Forms of a secret that programs write with escapes of their own, in lists, or with one encoder behind another.
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { maskStream } from '../../../src/audit/redact/masked-stream.ts';
import { createMasker } from '../../../src/audit/redact/masker.ts';

const ODD = "p@s/s<w&rd>!('x')*+k3y=~9";
const masker = createMasker([{ name: 'S', value: ODD }]);
const code = (c: string) => c.charCodeAt(0);
const each = (show: (c: string) => string) => ODD.replace(/[^a-z0-9]/gi, show);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const wrapped = (mark: string) => base64(`${'x'.repeat(50)}${ODD}${'y'.repeat(60)}`).replace(/.{60}/g, `$&${mark}`);
const NAMES: Readonly<Record<string, string>> = { '@': 'commat', '/': 'sol', '(': 'lpar', '*': 'ast', '=': 'equals' };

test.each([
  ['bytes of a buffer in JSON', JSON.stringify(Buffer.from(ODD))],
  ['a list of bytes', [...Buffer.from(ODD)].join(', ')],
  ['a list of bytes in hex', [...Buffer.from(ODD)].map((byte) => `0x${byte.toString(16)}`).join(', ')],
  ['SQL, YAML, PowerShell', ODD.replaceAll("'", "''")],
  ['Python', each((c) => `\\x${code(c).toString(16)}`)],
  ['octal', [...ODD].map((c) => `\\${code(c).toString(8)}`).join('')],
  ['JavaScript', each((c) => `\\u{${code(c).toString(16)}}`)],
  ['C', each((c) => `\\U${code(c).toString(16).padStart(8, '0')}`)],
  ['printf %q', each((c) => `\\${c}`)],
  ['quoted-printable', each((c) => `=${code(c).toString(16).toUpperCase()}`)],
  ['quoted-printable, soft breaks', `${ODD.slice(0, 9)}=\r\n${ODD.slice(9, -3)}=3D${ODD.slice(-2)}`],
  ['HTML by names', ODD.replace(/[@/(*=]/g, (c) => `&${NAMES[c]};`)],
  ['HTML without semicolons', ODD.replaceAll('&', '&amp').replaceAll('<', '&lt')],
  ['HTML with zeros', [...ODD].map((c) => `&#${String(code(c)).padStart(8, '0')};`).join('')],
  ['Base64 twice', base64(base64(ODD))],
  ['Base64 twice, behind a name', base64(`a:${base64(`user:${ODD}`)}`)],
  ['Base64 of UTF-16', Buffer.from(ODD, 'utf16le').toString('base64')],
  ['Base64 of a URL', base64(encodeURIComponent(ODD))],
  [
    'Base64 of HTML',
    base64(ODD.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&#39;')),
  ],
  ['LDIF', wrapped('\n ')],
  ['YAML', wrapped('\r\n      ')],
  ['in upper case', ODD.toUpperCase()],
])('%s', (_, shown) => {
  const masked = masker?.maskText(`before ${shown} after`) ?? '';
  expect(masked).toContain('[secret S]');
  expect(masked).toMatch(/^before [\s\S]* after$/);
  expect(masked).not.toContain(shown);
  const stream = masker && maskStream(masker);
  const bytes = Buffer.from(`before ${shown} after`);
  const parts = [...bytes].map((byte) => stream?.push(Uint8Array.of(byte)) ?? new Uint8Array());
  expect(Buffer.concat([...parts, stream?.end() ?? new Uint8Array()]).toString()).toBe(masked);
});

test('what stands behind a `=` is found as before, whatever it begins with', () => {
  const hex = createMasker([{ name: 'S', value: 'ab/cd/ef/12' }]);
  expect(hex?.maskText('?token=ab%2Fcd%2Fef%2F12')).toBe('?token=[secret S]');
  expect(hex?.maskText('x="ab\\/cd\\/ef\\/12"')).toBe('x="[secret S]"');
});

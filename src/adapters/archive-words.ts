// What an exported archive says of itself: how to check it, and with which key. Text only; touches nothing.

/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), before its 32 bytes. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** @param publicKey `ed25519:<base64>` */
export function describeArchive({ root, tenant, publicKey }: { root: string; tenant: string; publicKey: string }): {
  readonly readme: string;
  readonly pem: string;
} {
  const raw = Buffer.from(publicKey.slice('ed25519:'.length), 'base64');
  const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([SPKI_HEAD, raw]).toString('base64')}\n-----END PUBLIC KEY-----\n`;
  return { pem, readme: readmeOf(root, tenant, publicKey) };
}

const readmeOf = (
  root: string,
  tenant: string,
  publicKey: string,
): string => `The record of the tenant ${tenant}, as mcp-guard kept it.

Every record stands in a chain of hashes, and every segment of the record says
which one came before it. To check all of them, where nothing else is known:

    MCP_GUARD_STATE_DIR="$PWD/${root}" mcp-guard audit verify

To check that whoever gave you this archive made it so (the key must be the one
that they told you by another way):

    ${publicKey}

    cd ${root}
    openssl pkeyutl -verify -pubin -inkey key.pem -rawin \\
      -in manifest.json -sigfile manifest.sig

manifest.json names every file of the record with its SHA-256, every segment
with its last hash, and what was left out, and why. Secrets of servers were
masked before anything was recorded.
`;

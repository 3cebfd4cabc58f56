// What an exported archive says of itself: how to check it, and with which key. Text only; touches nothing.

/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), before its 32 bytes. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

export interface ArchiveWords {
  /** The directory that it unpacks to. */
  readonly root: string;
  readonly tenant: string;
  /** `ed25519:<base64>` */
  readonly publicKey: string;
  readonly segments: number;
  /** Of these, those whose end is unclean or torn. */
  readonly unclean: number;
  /** Those whose chain is broken, or that are gone or cut off by the word of others. */
  readonly broken: number;
  readonly leftOut: number;
  /** The version that wrote it. */
  readonly guard: string;
}

export function describeArchive(about: ArchiveWords): { readonly readme: string; readonly pem: string } {
  const { publicKey } = about;
  const raw = Buffer.from(publicKey.slice('ed25519:'.length), 'base64');
  const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([SPKI_HEAD, raw]).toString('base64')}\n-----END PUBLIC KEY-----\n`;
  return { pem, readme: readmeOf(about) };
}

/** Every line that begins with four blanks is for a shell, in this order, and each fails where its check does: a test runs them all. */
const readmeOf = ({ root, tenant, publicKey, segments, guard, ...found }: ArchiveWords): string =>
  `The record of the tenant ${tenant}, as mcp-guard kept it.

Steps 1 to 4 need a shell, OpenSSL 3 and sha256sum (macOS: \`shasum -a 256\`),
step 5 needs mcp-guard. A record that fails one of steps 1 to 4 is not the one
that was exported; nor is one of which step 5 says another thing than here.

1. The key. This prints a key, which must be the one that you were told by
   another way, not by this file:

    cd ${root}
    printf 'ed25519:'
    openssl pkey -pubin -in key.pem -outform DER | tail -c 32 | base64

   This file says: ${publicKey}

2. The list of all that was exported is signed with it:

    openssl pkeyutl -verify -pubin -inkey key.pem -rawin \\
      -in manifest.json -sigfile manifest.sig

3. Every file of that list is there, and unchanged. This names those that are
   not:

    awk -F'"' '/^   "path"/ {p = $4} /^   "sha256"/ {print $4 "  " p}' \\
      manifest.json | sha256sum -c --quiet

4. Nothing else is there. This names what the list does not have, then counts
   the segments of the list and those that are here: both are ${segments}.

    find . ! -type d | awk -F'"' '
      BEGIN {ok["./manifest.json"]; ok["./manifest.sig"]}
      FNR == NR {if (/^   "path"/) ok["./" $4]; next}
      !($0 in ok) {print "not in the list: " $0; bad = 1}
      END {exit bad}' manifest.json -
    grep -c '^   "head"' manifest.json
    find . -name '*.jsonl' | wc -l

5. Every record stands in a chain of hashes, and every segment says which one
   came before it. Whoever gave you this archive can give you mcp-guard ${guard},
   a program for Node.js:

    MCP_GUARD_STATE_DIR="$PWD" mcp-guard audit verify

${describeVerdict(found)}   Alone it does not see that the newest segments are gone: steps 2 to 4 do.

manifest.json also says when the archive was made, the last hash of every
segment, and what was left out, and why. Secrets of servers were masked before
anything was recorded.
`;

/** What step 5 says of the record as it was exported: a guard that was killed left a segment without a seal. */
function describeVerdict({ unclean, broken, leftOut }: Pick<ArchiveWords, 'unclean' | 'broken' | 'leftOut'>): string {
  const sum = `   It ends with the exit status ${broken > 0 ? 2 : unclean > 0 ? 1 : 0}: ${unclean} with an unclean end, ${broken} that are broken, cut
   off or gone; so they were when this was exported.${unclean + broken > 0 ? ' In manifest.json the\n   `verdict` of each segment says so, too.' : ''}\n`;
  const ends =
    '   An unclean end is that of a guard which was killed: the seal is missing, and\n   perhaps what it wrote last.\n';
  const missed = `   Left out were ${leftOut} segments (manifest.json says why), which it may miss.\n`;
  return `${sum}${unclean > 0 ? ends : ''}${leftOut > 0 ? missed : ''}\n`;
}

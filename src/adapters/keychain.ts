// Reads one password from the system's keychain (macOS Keychain, Windows Credential Manager, Secret Service). The one place that loads
// the native module, which is optional. TRUST: what it returns is secret.
import { GuardError } from '../guard-error.ts';

export interface KeychainName {
  readonly service: string;
  readonly account: string;
}

/** What this file needs of the module. */
export interface Keychain {
  read(name: KeychainName): Promise<string | null | undefined>;
}

/** @param load given by tests @throws GuardError secret_unresolved */
export async function readKeychain(
  variable: string,
  name: KeychainName,
  load: () => Promise<Keychain> = loadNative,
): Promise<string> {
  const fail = (why: string, hint: string, cause?: unknown): GuardError =>
    new GuardError(
      'secret_unresolved',
      `\`${variable}\` needs \`keychain:${name.service}/${name.account}\`, but ${why}`,
      {
        hint,
        cause,
      },
    );
  let keychain: Keychain;
  try {
    keychain = await load();
  } catch (error) {
    throw fail(
      'this installation has no access to keychains',
      'run `npm install @napi-rs/keyring` beside mcp-guard',
      error,
    );
  }
  let secret: string | null | undefined;
  try {
    secret = await keychain.read(name);
  } catch (error) {
    throw fail('the keychain cannot be read', 'unlock it; on Linux a Secret Service must be running', error);
  }
  if (secret !== undefined && secret !== null && secret !== '' && !secret.includes('\0')) return secret;
  throw fail('there is no such entry', 'store it there under this service and account');
}

async function loadNative(): Promise<Keychain> {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  return { read: ({ service, account }) => new AsyncEntry(service, account).getPassword() };
}

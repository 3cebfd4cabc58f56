// Asks once who starts this run, as soon as it is known whether the policy in force wants to know; answers the same at every reload.
// Small, because every run has it: what asks is loaded where there is something to ask.
import type { AuthPolicy } from '../config/auth-policy.ts';
import { GuardError } from '../guard-error.ts';
import type { RunIdentity, RunIdentityParts } from './run-identity.ts';

export interface IdentityAsker {
  /** Undefined: nobody was asked, and it is the local user. */
  readonly asked: RunIdentity | undefined;
  /** INVARIANT: before anything of a tenant is looked at, and before anything is started. @throws GuardError auth_refused */
  identify(auth: AuthPolicy | undefined): Promise<RunIdentity | undefined>;
  /** @throws GuardError usage: a token was named, and nothing here asks for one */
  refuseUnused(): void;
  /** Where one stands in the environment and nothing here asks for it: it may be meant for other configs, so it is only said. */
  readonly unused: string | undefined;
}

export function createIdentityAsker(parts: Omit<RunIdentityParts, 'auth'>): IdentityAsker {
  let answer: { readonly asked: RunIdentity | undefined } | undefined;
  return {
    get asked() {
      return answer?.asked;
    },
    async identify(auth) {
      // a session is whose it was when it began
      if (answer !== undefined) return answer.asked;
      const asked =
        auth === undefined ? undefined : await (await import('./run-identity.ts')).openRunIdentity({ ...parts, auth });
      answer = { asked };
      return asked;
    },
    get unused() {
      if ((parts.env.MCP_GUARD_TOKEN ?? '') === '' || answer?.asked !== undefined) return undefined;
      return `\`MCP_GUARD_TOKEN\` is set, and no config here asks for a token (\`auth\`): this session is \`local:${parts.user}\``;
    },
    refuseUnused() {
      if (parts.tokenFile === undefined || answer?.asked !== undefined) return;
      throw new GuardError('usage', '`--token-file` names a token, and no config here asks for one', {
        hint: 'write `"auth": { "required": true }` into the config, or leave it out',
      });
    },
  };
}

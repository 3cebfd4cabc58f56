// The one class of local errors and the one table of every code a person or a program can meet. Local errors never go
// on the wire; what does go there stands in the other two tables. docs/errors.md is held equal to all three by a test.
import type { RefusalCode } from './wire/message.ts';

interface LocalError {
  /** sysexits: 64 usage, 69 upstream, 70 internal, 74 state or audit, 77 permission, 78 config; 130: Ctrl-C. */
  readonly exitCode: 64 | 69 | 70 | 74 | 77 | 78 | 130;
  readonly summary: string;
}

export const LOCAL_ERRORS = {
  usage: { exitCode: 64, summary: 'an option or argument is missing, unknown or malformed' },
  server_ambiguous: { exitCode: 64, summary: 'several configured servers have this very command' },
  server_unknown: { exitCode: 64, summary: '`--server` names no configured server and no command was given' },
  server_listed: { exitCode: 64, summary: 'the config has a server or scope of this name already' },
  cases_unreadable: { exitCode: 64, summary: 'the file of policy cases cannot be read' },
  cases_invalid: { exitCode: 64, summary: 'the file of policy cases has errors; all of them are listed' },
  upstream_unstartable: { exitCode: 69, summary: 'the server could not be started' },
  upstream_failed: { exitCode: 69, summary: 'the server ended in a way that cannot be mirrored, or keeps crashing' },
  internal: { exitCode: 70, summary: 'a defect of the guard itself' },
  state_unusable: { exitCode: 74, summary: 'the state directory or a document in it cannot be read or written safely' },
  state_locked: { exitCode: 74, summary: 'another process holds the lock of a state document for too long' },
  state_newer: {
    exitCode: 74,
    summary: 'a state document was written by a newer version: it is read-only for this one',
  },
  audit_unwritable: { exitCode: 74, summary: 'the audit trail cannot be written' },
  audit_unreadable: { exitCode: 74, summary: 'the audit trail cannot be read' },
  record_unknown: { exitCode: 74, summary: 'no record has this id' },
  config_unwritable: { exitCode: 74, summary: 'the config file cannot be written' },
  report_unwritable: { exitCode: 74, summary: 'a report that was asked for cannot be written' },
  server_mismatch: { exitCode: 77, summary: 'the command differs from the one configured for `--server`' },
  server_unlisted: { exitCode: 77, summary: 'the config lists servers and this command is not one of them' },
  auth_refused: {
    exitCode: 77,
    summary: 'no token was presented that counts; which way it does not is on record only',
  },
  config_declined: { exitCode: 77, summary: '`config allow` or `scope init` was not confirmed' },
  approval_declined: {
    exitCode: 77,
    summary:
      '`scope approve`, `pause`, `token create`, `token rotate` or `limits reset` was not confirmed by a person; or one of these, `config allow` or `scope init` was run inside a guarded server',
  },
  server_unapproved: {
    exitCode: 77,
    summary: 'the server is configured, and its command or environment is not approved',
  },
  tenant_unknown: {
    exitCode: 77,
    summary: 'the config has tenants, and this is none of them; or nothing of it is kept',
  },
  tenant_suspended: { exitCode: 77, summary: 'the tenant is suspended: none of its sessions may begin' },
  tenant_active: { exitCode: 77, summary: 'the tenant has sessions that run, or is not suspended' },
  tenant_unapproved: { exitCode: 77, summary: 'the tenant is configured, and not approved' },
  isolation_unavailable: { exitCode: 77, summary: 'this machine cannot give the isolation that is required' },
  lock_required: {
    exitCode: 77,
    summary:
      'the policy is not locked where a ceiling or the config requires that; or inside a guarded server, or under a running session, where nothing is locked or seen for the first time',
  },
  lock_vanished: { exitCode: 77, summary: 'the lock is gone, and this machine has seen one' },
  lock_unreadable: { exitCode: 77, summary: 'the lock cannot be read, or somebody else could have written it' },
  lock_memory: { exitCode: 77, summary: 'the state directory does not say which lock was seen last' },
  lock_newer: { exitCode: 77, summary: 'the lock was written by a newer version' },
  lock_edited: { exitCode: 77, summary: 'the lock was changed by somebody else than an approval' },
  lock_foreign: {
    exitCode: 77,
    summary: 'the lock belongs to another config, or the name of the config leads to another file than it did',
  },
  lock_untrusted: { exitCode: 77, summary: 'the lock is signed by a key that this machine has no reason to trust' },
  lock_older: {
    exitCode: 77,
    summary: 'the lock is older than one that this machine has seen, or does not follow from it',
  },
  lock_outdated: { exitCode: 77, summary: 'the lock holds a policy that this version cannot read' },
  lock_changed: { exitCode: 77, summary: 'the lock has changed while its approval was asked for' },
  lock_unwritable: { exitCode: 74, summary: 'the lock cannot be written' },
  key_unusable: { exitCode: 77, summary: 'a signing key cannot be made, read or trusted' },
  config_missing: { exitCode: 78, summary: 'the named config file does not exist' },
  config_ambiguous: { exitCode: 78, summary: 'two config files stand where only one may' },
  config_unreadable: { exitCode: 78, summary: 'the config file cannot be read, is no regular file, or is too large' },
  config_untrusted: { exitCode: 78, summary: 'somebody else could have written the config file' },
  config_unparsable: { exitCode: 78, summary: 'the config file is neither JSON nor YAML, or is ambiguous as such' },
  config_invalid: { exitCode: 78, summary: 'the config file has errors; all of them are listed' },
  ceiling_missing: { exitCode: 78, summary: 'the ceiling that `MCP_GUARD_CEILING` names does not exist' },
  ceiling_unreadable: { exitCode: 78, summary: 'a ceiling cannot be read, is no regular file, or is too large' },
  ceiling_untrusted: { exitCode: 78, summary: 'somebody else than the administrator could have written the ceiling' },
  ceiling_invalid: { exitCode: 78, summary: 'a ceiling has errors; all of them are listed' },
  config_changed: { exitCode: 78, summary: 'a file that `config allow` allowed has changed or vanished since' },
  secret_unresolved: { exitCode: 78, summary: 'an `env:` or `file:` reference of the config leads nowhere' },
  secret_untrusted: { exitCode: 78, summary: 'somebody else can read or write the file that holds a secret' },
  interrupted: { exitCode: 130, summary: 'Ctrl-C at a question: nothing was changed' },
} as const satisfies Record<string, LocalError>;

export type LocalErrorCode = keyof typeof LOCAL_ERRORS;

/** Why a line is not forwarded: the `reason` of a `-32600`, of a `line_refused` event, or of a replaced answer. */
export const LINE_REFUSALS: Readonly<Record<RefusalCode, string>> = {
  not_utf8: 'the line is no valid UTF-8',
  raw_control: 'a bare CR, or a byte order mark inside the stream',
  not_json: 'the line is no JSON value',
  duplicate_key: 'an object holds the same key twice',
  confusable_key:
    'a key that some parsers take for another one (case, long s, Kelvin sign, trailing NUL), or `__proto__`, whose members some take for members beside it',
  unsafe_string: 'a lone surrogate, NUL or line separator in a key, name, id or method',
  too_deep: 'nested deeper than 256 levels',
  too_many_keys: 'more than 2,000,000 object keys in one line',
  too_long: 'longer than `maxLineBytes`',
  bad_envelope: 'no JSON-RPC 2.0 message: `jsonrpc`, `id`, `method`, `result` or `error` is missing or of a wrong kind',
  bad_call: '`tools/call` without a string `name`, or with `arguments` that are no object (answered `-32602`)',
  empty_batch: 'an empty JSON array',
  nested_batch: 'an array inside a batch',
};

/** What the guard answers in place of the server: the machine-readable `reason` in `_meta` or `error.data`. */
export const GUARD_ANSWERS = {
  audit_unavailable: 'the request was not sent, or its answer is withheld, because the audit trail cannot be written',
  deadline: 'no answer within `idleMs` or `hardMs`; the request may still have run',
  server_exited: 'the server exited before it answered; the outcome is unknown',
  server_away:
    'the server is being started again, or is to be, and too much waits for it already, or has for too long; nothing was sent',
  server_down:
    'behind a gateway: the server is not running, or does not come up; nothing was sent, and the other servers work',
  mixed_eras:
    'behind a gateway: some servers speak 2026-07-28 and others do not; a client that greets can use them all',
  tool_foreign: 'behind a gateway: the name has no prefix of a server; the asker is told that there is no such thing',
  resource_foreign: 'behind a gateway: no server can be asked for it; the asker is told that there is no such thing',
  cursor_foreign: 'behind a gateway: the cursor was not made by this guard for this list; the asker reads `-32602`',
  state_foreign:
    'behind a gateway: the request carries the answer to a question (`inputResponses`, `requestState`) that no server of this session has asked over it; nobody gets it, and the asker reads `-32602`',
  taken_back:
    'behind a gateway: the client took it back while it waited for its server; on record only, for nobody is answered',
  greeting_repeated:
    'behind a gateway: `initialize` once more before the first one was answered, whose answer counts; the asker reads `-32600`',
  task_foreign: 'behind a gateway: the task id names no server; the asker reads `-32602`',
  method_foreign: 'behind a gateway: no server can be asked for this method; the asker reads `-32601`',
  session_ended:
    'the session ended before the server answered: its client closed it, or the guard did, which the text says; the outcome is unknown',
  server_unstartable: 'the server could not be started',
  guard_fault: 'a policy of the guard failed, which denies; the guard log says how',
  too_many_in_flight: 'as many requests are open as one session may have; nothing was sent',
  breaker_open:
    'the tool or its server has failed too often and is switched off for a while, or by a person; nothing was sent',
  bulkhead_full:
    'every place for a call of this tool or server was taken, and none came free in time; nothing was sent',
  rate_limited:
    'calls, or their bytes, come faster than a limit allows; nothing was sent, `retryAfterMs` says when it would be',
  budget_spent:
    'the calls of the day or month are spent; nothing was sent, `retryAfterMs` says when the next one begins',
  concurrency_limited: 'as many calls are under way as a limit allows at once; nothing was sent',
  limit_store_down:
    'the call could not be counted against its limits, which denies unless the config says `local`; nothing was sent',
  limit_store_full:
    'there is no room for the count of the call, of its principal or at all, whatever `limitStore.onStoreError` says; nothing was sent',
  name_too_long: 'under `limits`: the name of the tool is longer than any limit is matched with; nothing was sent',
  loop_detected: 'the same call with the same arguments too often in a row; nothing was sent',
  blast_radius: 'the session has made as many calls, or called as many tools, as it may; nothing was sent',
  probe_answered:
    'a server of an older revision exited on `server/discover`; the guard answers `-32601` and starts it anew',
  canary_found:
    'a token of another tenant stands in the answer, which was withheld; the request ran, and the session ends',
  answer_refused: 'the answer could be read in more than one way and was not passed on; the request ran',
  identity_over: 'the token of this session was revoked or has expired; nothing was sent, and the session ends',
  not_granted:
    'no grant of the scope names it, or it does not say what it is about; the asker is told that there is no such thing',
  scope_denied: 'a denial of the scope names it; the asker is told that there is no such thing',
  grant_expired: 'the grant that names it has expired; the asker is told that there is no such thing',
  uri_not_plain:
    'a resource URI that may mean another one than it says, which no pattern grants; the asker is told that there is no such thing',
  beyond_ceiling:
    "a ceiling, the tenant's block or a role does not allow it, whatever the scope grants; the asker is told that there is no such thing",
  argument_denied: 'the arguments break a constraint of every grant that names the tool or prompt; nothing was sent',
  own_path:
    'an argument, a URI or an answer leads to files of the guard itself, or nobody can say that it does not; nothing was sent',
  approval_required:
    'the grant needs a person to approve each use, which this version cannot ask for; nothing was sent',
  not_approved: 'the scope allows it and the lock does not yet: a person has to approve it; nothing was sent',
  definition_drift:
    'the definition of the tool is not the one that was approved: a person has to look at it; nothing was sent',
  request_denied:
    'the answer asks the client for something that the scope does not grant, and was withheld; the request ran. Or the request carries the answer to such a question (`inputResponses`), and was not sent',
} as const satisfies Record<string, string>;

/** Of a guard, or a server, that a signal has ended. */
export function signalExitCode(signalNumber: number): number {
  return 128 + signalNumber;
}

/**
 * A local error with a code of the table. `message` says what and why, `hint` how to mend it: lower case, backticks
 * around user input. Both are shown through the inert-text filter, so they may quote untrusted text.
 */
export class GuardError extends Error {
  override readonly name = 'GuardError';
  readonly code: LocalErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(code: LocalErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exitCode = LOCAL_ERRORS[code].exitCode;
  }
}

/** Also for one that another bundle of this program has thrown, whose class is another object. */
export function isGuardError(error: unknown): error is GuardError {
  return error instanceof Error && error.name === 'GuardError' && 'exitCode' in error && 'hint' in error;
}

/** `message` and, where there is one, the hint on a second line. */
export function showError(error: GuardError): string {
  return error.hint === undefined ? error.message : `${error.message}\n  ${error.hint}`;
}

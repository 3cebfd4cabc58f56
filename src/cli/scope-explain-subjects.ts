// `mcp-guard scope explain --principal` and `--role`: the same question for somebody, by what tokens and roles leave.
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';
import { runScopeExplain, type ScopeExplainOptions } from './scope-explain.ts';
import type { ScopeMachine } from './scope-machine.ts';
import { findSubjects, type SubjectOptions } from './scope-show-subjects.ts';
import { wrapWords } from './text-width.ts';

type Options = ScopeExplainOptions & Pick<SubjectOptions, 'principal' | 'role' | 'tenant'>;

/** @param openFor the policy in force, as these roles leave it @returns the exit code: 1 where it is denied to any of them @throws GuardError usage */
export async function explainToSubjects(
  options: Options,
  io: CliIo,
  machine: ScopeMachine,
  openFor: (roles: readonly string[]) => Promise<ScopeMachine>,
): Promise<number> {
  const paint = makePaint(io.color);
  const isConfigured = machine.policy?.servers.has(options.server) === true;
  let status = 0;
  for (const [index, { heading, roles, mayUse }] of findSubjects(options, machine).entries()) {
    const lines = wrapWords(`== ${makeInert(heading)}`, io.columns).map((line) => paint('strong', line));
    // a script gets the answers alone
    const out = options.json === true ? io.stderr : io.stdout;
    out.write(`${index === 0 ? '' : '\n'}${lines.join('\n')}\n`);
    // what is no server at all is told as such
    const isServer = isConfigured || machine.policy?.unlisted === 'observe';
    const notFor =
      !isServer || mayUse(options.server, isConfigured)
        ? undefined
        : `the token is not for \`${makeInert(options.server)}\`: no session with it starts that server`;
    status = Math.max(status, runScopeExplain(options, io, { ...(await openFor(roles)), notFor }));
  }
  return status;
}

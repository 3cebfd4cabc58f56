// The commands that a text names so that a person can paste them: about the same config and the same tenant as whoever says it. Pure;
// runs nothing and knows no file.

/** What stands behind such a command: ` --config /srv/mcp.json --tenant acme`, each only where it is needed; empty where nothing is. */
export type CommandOptions = string;

/** @param server attacker-controlled names are made inert by the caller; undefined: all of them */
export function diffCommand(options: CommandOptions, server?: string): string {
  return `mcp-guard scope diff${of(server)}${options}`;
}

/** As `diffCommand`. An approval needs a reason, which only the person knows. */
export function approveCommand(options: CommandOptions, server?: string): string {
  return `mcp-guard scope approve${of(server)}${options} --reason …`;
}

function of(server: string | undefined): string {
  return server === undefined ? '' : ` --server ${server}`;
}

// How wide each column of the list is: as its texts need, and no wider than the screen can spare. Knows no call.

/** Columns that the widest text of each kind needs, of the calls shown so far. */
export interface Needs {
  /** Zero where all of them are of the tenant of a config without any. */
  readonly tenant: number;
  readonly server: number;
  readonly tool: number;
  readonly model: number;
  readonly ref: number;
}

/** Zero: the column is left out. `input` is what is left, Infinity where nothing needs to be cut. */
export interface Layout extends Needs {
  readonly input: number;
}

const TIME = 8;
export const OUTCOME = 9;
export const DURATION = 6;
/** From here on there is room for the id of the record. */
const REF_FROM = 100;

export function widerOf(a: Needs, b: Needs): Needs {
  return {
    tenant: Math.max(a.tenant, b.tenant),
    server: Math.max(a.server, b.server),
    tool: Math.max(a.tool, b.tool),
    model: Math.max(a.model, b.model),
    ref: Math.max(a.ref, b.ref),
  };
}

/** @param columns Infinity where the output is no terminal. Undefined where not even the fixed columns fit. */
export function planLayout(needs: Needs, columns: number): Layout | undefined {
  const ref = columns >= REF_FROM ? needs.ref : 0;
  const isNarrow = columns < 60;
  const spare = Math.max(0, columns - 80 - (ref === 0 ? 0 : ref + 1));
  const tenant = Math.min(needs.tenant, isNarrow ? 6 : 8 + Math.floor(spare / 6));
  const server = Math.min(needs.server, isNarrow ? 6 : 12 + Math.floor(spare / 4));
  const tool = Math.min(needs.tool, isNarrow ? 10 : 18 + Math.floor(spare / 4));
  const model = isNarrow ? 0 : Math.min(needs.model, 10 + Math.floor(spare / 6));
  const cells = [TIME, server, tool, OUTCOME, DURATION, ...[tenant, model, ref].filter((width) => width > 0)];
  const input = columns - cells.reduce((sum, width) => sum + width + 1, 0);
  return input < 0 ? undefined : { tenant, server, tool, model, ref, input };
}

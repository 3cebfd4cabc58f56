// One line, as it is read and as a test writes it.
import { DEFAULT_READ_LIMITS, type LineReading, type ReadLimits } from '../../src/wire/message.ts';
import { readLine } from '../../src/wire/read-line.ts';

type Side = 'client' | 'upstream';
export const limitsWith = (some: Partial<ReadLimits>): ReadLimits => ({ ...DEFAULT_READ_LIMITS, ...some });
export const read = (line: string | Buffer, from: Side = 'client', limits = DEFAULT_READ_LIMITS): LineReading =>
  readLine(Buffer.concat([Buffer.from(line), Buffer.from('\n')]), from, limits);

export function refusalOf(reading: LineReading) {
  if (reading.kind !== 'refused' && reading.kind !== 'noise') throw new Error(`not refused: ${reading.kind}`);
  return [reading.kind, reading.refusal.code, reading.refusal.id, reading.refusal.shape];
}

export function messageOf(reading: LineReading) {
  if (reading.kind !== 'message') throw new Error(`no message: ${JSON.stringify(reading)}`);
  return reading.line;
}

export const call = (params: string, id = '7') =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}`;
export const answer = (result: string) => `{"jsonrpc":"2.0","id":7,"result":${result}}`;

// An entry as its header may show it: every text that somebody else chose, masked. Pure; the entry itself stays as it is, because the
// session and the sink know each other's entries by identity.
import type { AuditEntry, IntentEntry } from '../entry.ts';

type Mask = (text: string) => string;

/** INVARIANT: before a text is cut to fit a header: half a secret is not found. */
export function maskEntry<Entry extends AuditEntry>(entry: Entry, mask: Mask): Entry {
  return { ...entry, ...maskedParts(entry, mask) };
}

function maskedParts(entry: AuditEntry, mask: Mask): Partial<AuditEntry> {
  switch (entry.type) {
    case 'intent':
      return maskedIntent(entry, mask);
    case 'outcome':
      return {
        intent: { ...entry.intent, ...maskedIntent(entry.intent, mask) },
        resultType: maybe(entry.resultType, mask),
        taskId: maybe(entry.taskId, mask),
      };
    case 'event':
      return { detail: maskTexts(entry.detail, mask) };
  }
}

function maskedIntent({ rpcId, method, subject, reason, client, model, correlation }: IntentEntry, mask: Mask) {
  return {
    rpcId: typeof rpcId === 'string' ? mask(rpcId) : maskNumber(rpcId, mask),
    method: mask(method),
    subject: maybe(subject, mask),
    reason: maybe(reason, mask),
    client: maybe(client, mask),
    model: { ...model, id: model.id === null ? null : mask(model.id) },
    correlation: correlation === undefined ? undefined : maskTexts(correlation, mask),
  };
}

/** A secret of digits is one as a number, too. */
function maskNumber(id: number, mask: Mask): number | string {
  const text = String(id);
  const masked = mask(text);
  return masked === text ? id : masked;
}

function maskTexts<Value>(texts: Readonly<Record<string, Value>>, mask: Mask): Readonly<Record<string, Value>> {
  const masked = (value: Value): Value =>
    // TRUST: a masked string is a string
    typeof value === 'string' ? (mask(value) as Value & string) : value;
  return Object.fromEntries(Object.entries(texts).map(([key, value]) => [mask(key), masked(value)]));
}

const maybe = (text: string | undefined, mask: Mask): string | undefined =>
  text === undefined ? undefined : mask(text);

// The guard's own words to the client of a gateway: no server's, so whatever becomes of any of them. Knows no lane.
import { stringAt } from '../../wire/json.ts';
import { GuardVoice } from '../guard-voice.ts';
import type { ClientMemory } from './client-memory.ts';

/** The gateway itself announces `logging` in the era that greets. */
export function createOwnVoice(client: ClientMemory): GuardVoice {
  return new GuardVoice({
    get era() {
      return client.era;
    },
    get initialized() {
      return client.initialized;
    },
    get announcesLogging() {
      return client.isGreeted;
    },
    get logLevel() {
      return stringAt(client.logLevel?.message.params, 'level');
    },
  });
}

// A test's own look at a redis, beside the store: raw commands. Asserts nothing.
import { createClient } from 'redis';

export async function openRawRedis(url: string) {
  const client = createClient({ url });
  client.on('error', () => {});
  await client.connect();
  return {
    send: (...words: readonly string[]): Promise<unknown> => client.sendCommand([...words]),
    close: () => client.destroy(),
  };
}

// The server that the conformance suite is run against: names and texts are the suite's own. Knows nothing of the guard.
import { completable, createRequestStateCodec, McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { addInputTools } from './server-input.mjs';
import { addContentTools, embedded, image, text } from './server-tools.mjs';

// One process serves every round of a flow, so a key of this process is enough.
const states = createRequestStateCodec({ key: crypto.getRandomValues(new Uint8Array(32)) });

function addResources(server) {
  const textOf = {
    uri: 'test://static-text',
    mimeType: 'text/plain',
    text: 'This is the content of the static text resource.',
  };
  const binary = { uri: 'test://static-binary', mimeType: 'image/png', blob: image.data };
  const watched = { uri: 'test://watched-resource', mimeType: 'text/plain', text: 'Watched resource content' };
  for (const contents of [textOf, binary, watched]) {
    const name = contents.uri.slice('test://'.length);
    server.registerResource(
      name,
      contents.uri,
      { description: `A ${name} resource`, mimeType: contents.mimeType },
      () => ({
        contents: [contents],
      }),
    );
  }
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource(
    'template',
    template,
    { description: 'One per id', mimeType: 'application/json' },
    (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  );
}

function addPrompts(server) {
  const user = (content) => ({ role: 'user', content });
  const prompt = (name, argsSchema, run) =>
    server.registerPrompt(name, { description: `Prompt ${name}`, ...(argsSchema ? { argsSchema } : {}) }, run);

  prompt('test_simple_prompt', undefined, () => ({ messages: [user(text('This is a simple prompt for testing.'))] }));
  const argument = () =>
    completable(z.string(), (typed) => ['paris', 'park', 'party'].filter((word) => word.startsWith(typed)));
  prompt('test_prompt_with_arguments', z.object({ arg1: argument(), arg2: argument() }), ({ arg1, arg2 }) => ({
    messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  }));
  prompt('test_prompt_with_embedded_resource', z.object({ resourceUri: z.string() }), ({ resourceUri }) => ({
    messages: [
      user(embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.')),
      user(text('Please process the embedded resource above.')),
    ],
  }));
  prompt('test_prompt_with_image', undefined, () => ({
    messages: [user(image), user(text('Please analyze the image above.'))],
  }));
}

function addSubscriptions(server) {
  // Legacy only: the SDK answers -32601 to both in the modern era, as the revision asks.
  const watched = new Set();
  server.server.setRequestHandler('resources/subscribe', (request) => {
    watched.add(request.params.uri);
    return {};
  });
  server.server.setRequestHandler('resources/unsubscribe', (request) => {
    watched.delete(request.params.uri);
    return {};
  });
}

serveStdio(() => {
  const server = new McpServer(
    { name: 'conformance-server', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
      },
      requestState: { verify: states.verify },
    },
  );
  addContentTools(server);
  addInputTools(server, states);
  addResources(server);
  addPrompts(server);
  addSubscriptions(server);
  return server;
});

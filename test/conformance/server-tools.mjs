// The suite's tools that answer by themselves: content kinds, errors, logging, progress, list changes, legacy sampling and elicitation.
import { setTimeout as delay } from 'node:timers/promises';
import { fromJsonSchema } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** A red pixel, and a WAV file of no samples: the smallest of their kind. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=';

export const text = (value) => ({ type: 'text', text: value });
export const image = { type: 'image', data: PNG, mimeType: 'image/png' };
export const audio = { type: 'audio', data: WAV, mimeType: 'audio/wav' };
export const embedded = (uri, mimeType, value) => ({ type: 'resource', resource: { uri, mimeType, text: value } });

const said = (value) => ({ content: [text(value)] });

/** Schema that the suite expects back key for key (its scenario json-schema-2020-12). */
const KEYWORD_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

const property = (type, rest) => ({ type, ...rest });
const titled = (label) => [1, 2, 3].map((n) => ({ const: `value${n}`, title: `${label} ${n}` }));

const DEFAULTS_FORM = {
  type: 'object',
  properties: {
    name: property('string', { default: 'John Doe' }),
    age: property('integer', { default: 30 }),
    score: property('number', { default: 95.5 }),
    status: property('string', { enum: ['active', 'inactive', 'pending'], default: 'active' }),
    verified: property('boolean', { default: true }),
  },
  required: [],
};

const OPTIONS = ['option1', 'option2', 'option3'];
const ENUMS_FORM = {
  type: 'object',
  properties: {
    untitledSingle: property('string', { enum: OPTIONS }),
    titledSingle: property('string', { oneOf: titled('Option') }),
    legacyEnum: property('string', { enum: ['opt1', 'opt2', 'opt3'], enumNames: ['One', 'Two', 'Three'] }),
    untitledMulti: property('array', { items: { type: 'string', enum: OPTIONS } }),
    titledMulti: property('array', { items: { anyOf: titled('Choice') } }),
  },
  required: [],
};

const CONTACT_FORM = {
  type: 'object',
  properties: {
    username: property('string', { description: "User's response" }),
    email: property('string', { description: "User's email address" }),
  },
  required: ['username', 'email'],
};

function addStatic(tool) {
  tool('test_simple_text', () => said('This is a simple text response for testing.'));
  tool('test_image_content', () => ({ content: [image] }));
  tool('test_audio_content', () => ({ content: [audio] }));
  tool('test_embedded_resource', () => ({
    content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  }));
  tool('test_multiple_content_types', () => ({
    content: [
      text('Multiple content types test:'),
      image,
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  }));
  tool('test_error_handling', () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
}

function addNotifying(tool) {
  const logThrice = async (context) => {
    await context.mcpReq.log('info', 'Tool execution started');
    await delay(50);
    await context.mcpReq.log('info', 'Tool processing data');
    await delay(50);
    await context.mcpReq.log('info', 'Tool execution completed');
    return said('Logged three times.');
  };
  tool('test_tool_with_logging', logThrice);
  tool('test_logging_tool', logThrice);
  tool('test_tool_with_progress', async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await delay(50);
      if (progressToken === undefined) continue;
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
    }
    return said('Reported three times.');
  });
}

function addLegacyRequests(server, tool) {
  const config = (name, schema) => ({ description: `Tool ${name}`, inputSchema: z.object(schema) });
  const report = ({ action, content }) => `action=${action}, content=${JSON.stringify(content ?? {})}`;

  server.registerTool('test_sampling', config('test_sampling', { prompt: z.string() }), async ({ prompt }, context) => {
    const messages = [{ role: 'user', content: text(prompt) }];
    const answer = await context.mcpReq.requestSampling({ messages, maxTokens: 100 });
    return said(`LLM response: ${answer.content.text}`);
  });
  server.registerTool(
    'test_elicitation',
    config('test_elicitation', { message: z.string() }),
    async ({ message }, context) =>
      said(`User response: ${report(await context.mcpReq.elicitInput({ message, requestedSchema: CONTACT_FORM }))}`),
  );
  for (const [name, requestedSchema] of [
    ['test_elicitation_sep1034_defaults', DEFAULTS_FORM],
    ['test_elicitation_sep1330_enums', ENUMS_FORM],
  ])
    tool(name, async (context) => {
      const answer = await context.mcpReq.elicitInput({ message: 'Please fill in', requestedSchema });
      return said(`Elicitation completed: ${report(answer)}`);
    });
}

/** Registers the tools of this file on one `McpServer`. */
export function addContentTools(server) {
  const tool = (name, run) => server.registerTool(name, { description: `Tool ${name}` }, run);
  addStatic(tool);
  addNotifying(tool);
  addLegacyRequests(server, tool);
  tool('test_trigger_tool_change', () => {
    server.sendToolListChanged();
    return said('The tool list changed.');
  });
  tool('test_trigger_prompt_change', () => {
    server.sendPromptListChanged();
    return said('The prompt list changed.');
  });
  server.registerTool(
    'json_schema_2020_12_tool',
    { description: 'Tool with JSON Schema 2020-12 features', inputSchema: fromJsonSchema(KEYWORD_SCHEMA) },
    () => said('ok'),
  );
}

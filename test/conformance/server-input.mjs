// The suite's `input_required` tools and prompt (2026-07-28): what they ask for, round by round. Knows no transport.
import { acceptedContent, inputRequired, inputResponse } from '@modelcontextprotocol/server';

const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';
const said = (value) => ({ content: [{ type: 'text', text: value }] });

function form(message, key, type = 'string') {
  return inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [key]: { type } }, required: [key] },
  });
}

function sampling(question, maxTokens = 100) {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: question } }],
    maxTokens,
  });
}

const askName = () => form('What is your name?', 'name');
const ask = (inputRequests, requestState) =>
  inputRequired({ inputRequests, ...(requestState === undefined ? {} : { requestState }) });

/** Accepted text under `key`, else undefined: what is missing or of a wrong kind is asked for again. */
function acceptedText(mcpReq, key, field) {
  const value = acceptedContent(mcpReq.inputResponses, key)?.[field];
  return typeof value === 'string' ? value : undefined;
}

function addOneRound(tool) {
  tool('test_input_required_result_elicitation', ({ mcpReq }) => {
    const name = acceptedText(mcpReq, 'user_name', 'name');
    return name === undefined ? ask({ user_name: askName() }) : said(`Hello, ${name}!`);
  });
  tool('test_input_required_result_sampling', ({ mcpReq }) => {
    const view = inputResponse(mcpReq.inputResponses, 'capital_question');
    if (view.kind !== 'sampling') return ask({ capital_question: sampling('What is the capital of France?') });
    return said(view.result.content.text);
  });
  tool('test_input_required_result_list_roots', ({ mcpReq }) => {
    const view = inputResponse(mcpReq.inputResponses, 'client_roots');
    if (view.kind !== 'roots') return ask({ client_roots: inputRequired.listRoots() });
    return said(`Roots: ${view.roots.map((root) => root.uri).join(', ')}`);
  });
  // Asks for nothing that the client did not declare.
  tool('test_input_required_result_capabilities', ({ mcpReq }) => {
    const declared = mcpReq.envelope?.[CAPABILITIES_KEY] ?? {};
    const requests = {};
    if (declared.elicitation) requests.user_name = askName();
    if (declared.sampling) requests.greeting = sampling('Generate a greeting', 50);
    if (declared.roots) requests.client_roots = inputRequired.listRoots();
    return mcpReq.inputResponses || Object.keys(requests).length === 0 ? said('done') : ask(requests);
  });
  // Needs sampling: the SDK answers -32021 where the client did not declare it.
  tool('test_missing_capability', ({ mcpReq }) =>
    mcpReq.inputResponses ? said('done') : ask({ answer: sampling('Anything?') }),
  );
  tool('test_streaming_elicitation', ({ mcpReq }) =>
    mcpReq.inputResponses ? said('done') : ask({ user_name: askName() }),
  );
}

function addStateful(tool, states) {
  const confirm = (name, answer) =>
    tool(name, async ({ mcpReq }) => {
      const state = mcpReq.requestState();
      if (state?.tool === name && acceptedContent(mcpReq.inputResponses, 'confirm')) return said(answer);
      return ask({ confirm: form('Please confirm', 'ok', 'boolean') }, await states.mint({ tool: name }));
    });
  confirm('test_input_required_result_request_state', 'state-ok');
  confirm('test_input_required_result_tampered_state', 'state-ok');

  tool('test_input_required_result_multiple_inputs', async ({ mcpReq }) => {
    const { inputResponses } = mcpReq;
    const name = acceptedText(mcpReq, 'user_name', 'name');
    const greeting = inputResponse(inputResponses, 'greeting');
    const roots = inputResponse(inputResponses, 'client_roots');
    if (mcpReq.requestState() && name !== undefined && greeting.kind === 'sampling' && roots.kind === 'roots')
      return said(`${greeting.result.content.text} ${name}, ${roots.roots.length} root(s).`);
    const requests = {
      user_name: askName(),
      greeting: sampling('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    };
    return ask(requests, await states.mint({ round: 1 }));
  });

  tool('test_input_required_result_multi_round', async ({ mcpReq }) => {
    const state = mcpReq.requestState();
    const name = state?.name ?? (state ? acceptedText(mcpReq, 'step1', 'name') : undefined);
    if (name === undefined)
      return ask({ step1: form('Step 1: What is your name?', 'name') }, await states.mint({ round: 1 }));
    const color = acceptedText(mcpReq, 'step2', 'color');
    if (state.name === undefined || color === undefined)
      return ask(
        { step2: form('Step 2: What is your favorite color?', 'color') },
        await states.mint({ round: 2, name }),
      );
    return said(`${name} likes ${color}.`);
  });
}

/** Registers the tools and the prompt of this file. `states` seals and opens `requestState`. */
export function addInputTools(server, states) {
  const tool = (name, run) => server.registerTool(name, { description: `Tool ${name}` }, run);
  addOneRound(tool);
  addStateful(tool, states);
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Prompt that asks before it answers' },
    ({ mcpReq }) => {
      const context = acceptedText(mcpReq, 'user_context', 'context');
      if (context === undefined) return ask({ user_context: form('What context should the prompt use?', 'context') });
      return { messages: [{ role: 'user', content: { type: 'text', text: `Context: ${context}` } }] };
    },
  );
}

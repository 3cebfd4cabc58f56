// `node http-front.mjs -- COMMAND…`: a Streamable HTTP front over a stdio server, both eras. Prints its URL; ends at the end of its input.
// Legacy: one server process for each session. Modern: one for all. Adds nothing to a message and takes nothing away.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { findMismatch, isLocal, isModern, PRIMER, statusOf, unsupportedVersion } from './http-rules.mjs';
import { StdioPeer } from './stdio-peer.mjs';

/** Sessions that nobody ended: the eldest idle ones leave, so that a long run does not keep a process for each. */
const MAX_SESSIONS = 6;

const command = process.argv.slice(process.argv.indexOf('--') + 1);
const sessions = new Map();
const endings = new Set();
let shared;

/** A server that must be killed makes this process end with 1. */
function end(peer) {
  const ending = peer.end().then((forced) => {
    if (forced) process.exitCode = 1;
    endings.delete(ending);
  });
  endings.add(ending);
}

function modernPeer() {
  if (shared) return shared;
  shared = new StdioPeer(command);
  shared.exited.then(() => {
    shared = undefined;
  });
  shared.ask(PRIMER, () => {});
  return shared;
}

function openSession() {
  for (const [id, session] of sessions) {
    if (sessions.size < MAX_SESSIONS) break;
    if (!session.peer.idle || session.stream) continue;
    sessions.delete(id);
    end(session.peer);
  }
  const session = { id: randomUUID(), peer: new StdioPeer(command), stream: undefined };
  session.peer.onUnclaimed = (message) => session.stream?.write(asEvent(message));
  session.peer.exited.then(() => sessions.delete(session.id));
  sessions.set(session.id, session);
  return session;
}

const asEvent = (message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;

function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function refuse(response, status, code, message, id = null, data = undefined) {
  sendJson(response, status, { jsonrpc: '2.0', id, error: { code, message, data } });
}

/** Asks, and answers as JSON, or as an event stream from the first interim message on. */
async function relay(request, peer, response, { headers, status, cancels }) {
  const writeEvent = (message) => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    response.write(asEvent(message));
  };
  const { answer, cancel } = peer.ask(request, writeEvent);
  if (cancels) response.once('close', cancel);
  const settled = await answer;
  if (settled === undefined) {
    if (response.headersSent) response.end();
    else refuse(response, 502, -32603, 'the server ended', request.id);
  } else if (response.headersSent) response.end(asEvent(settled));
  else sendJson(response, status(settled), settled, headers);
}

function postModern(message, headers, response) {
  const peer = modernPeer();
  if (message.id === undefined || message.method === undefined) {
    peer.tell(message);
    return response.writeHead(202).end();
  }
  const mismatch = findMismatch(message, headers);
  if (mismatch) return refuse(response, 400, -32020, `header mismatch: ${mismatch}`, message.id);
  const unsupported = unsupportedVersion(message);
  if (unsupported) return refuse(response, 400, -32022, 'unsupported protocol version', message.id, unsupported);
  const status = (settled) => statusOf(settled, message);
  return relay(message, peer, response, { headers: {}, status, cancels: true });
}

function postLegacy(message, headers, response) {
  const id = headers['mcp-session-id'];
  const session = message.method === 'initialize' ? openSession() : sessions.get(id);
  if (session === undefined && id === undefined)
    return refuse(response, 400, -32000, 'session id required', message.id);
  if (session === undefined) return refuse(response, 404, -32001, 'session not found', message.id);
  if (message.id === undefined || message.method === undefined) {
    session.peer.tell(message);
    return response.writeHead(202).end();
  }
  const own = { 'mcp-session-id': session.id };
  return relay(message, session.peer, response, { headers: own, status: () => 200, cancels: false });
}

async function post(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let message;
  try {
    message = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return refuse(response, 400, -32700, 'parse error');
  }
  const answer = isModern(message, request.headers) ? postModern : postLegacy;
  return answer(message, request.headers, response);
}

function get(request, response) {
  const id = request.headers['mcp-session-id'];
  const session = sessions.get(id);
  if (id === undefined) return refuse(response, 405, -32000, 'method not allowed');
  if (session === undefined) return refuse(response, 404, -32001, 'session not found');
  response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': id }).flushHeaders();
  session.stream = response;
  response.once('close', () => {
    if (session.stream === response) session.stream = undefined;
  });
}

function remove(request, response) {
  const id = request.headers['mcp-session-id'];
  const session = sessions.get(id);
  if (session === undefined) return refuse(response, id === undefined ? 400 : 404, -32001, 'session not found');
  sessions.delete(id);
  end(session.peer);
  response.writeHead(200).end();
}

const METHODS = new Map([
  ['POST', post],
  ['GET', get],
  ['DELETE', remove],
]);

const server = createServer((request, response) => {
  if (!isLocal(request.headers)) return refuse(response, 403, -32000, 'invalid host or origin');
  const method = METHODS.get(request.method);
  if (method === undefined) return refuse(response, 405, -32000, 'method not allowed');
  return method(request, response);
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`http://127.0.0.1:${server.address().port}/mcp\n`);
process.stdin.resume();
await once(process.stdin, 'end');
server.close();
server.closeAllConnections();
for (const { peer } of sessions.values()) end(peer);
if (shared) end(shared);
await Promise.all(endings);

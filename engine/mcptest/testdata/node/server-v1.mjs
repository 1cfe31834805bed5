// An MCP server of before 2026, made with the first generation of the TypeScript SDK.
// TRANSPORT is sse for HTTP+SSE of 2024-11-05, anything else for Streamable HTTP with
// sessions. It listens on a free port of loopback, prints its URL, and ends with its
// standard input.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

const sse = process.env.TRANSPORT === 'sse';
const transports = new Map();

function newServer() {
  const mcp = new McpServer({ name: 'old-server', version: '1' });
  mcp.registerTool('echo', { description: 'Says it again', inputSchema: { message: z.string() } },
    async ({ message }) => ({ content: [{ type: 'text', text: `Echo: ${message}` }] }));
  mcp.registerTool('headers', { description: 'The names of the fields that came with the call' },
    async (extra) => ({ content: [{ type: 'text', text: Object.keys(extra.requestInfo?.headers ?? {}).join(' ') }] }));
  return mcp;
}

async function serveSSE(req, res, url) {
  if (req.method === 'GET' && url.pathname === '/sse') {
    const transport = new SSEServerTransport('/messages', res);
    transports.set(transport.sessionId, transport);
    transport.onclose = () => transports.delete(transport.sessionId);
    await newServer().connect(transport);
    return;
  }
  const transport = transports.get(url.searchParams.get('sessionId'));
  if (req.method === 'POST' && url.pathname === '/messages' && transport) await transport.handlePostMessage(req, res);
  else res.writeHead(404).end();
}

async function serveStreamable(req, res, url) {
  if (url.pathname !== '/mcp') {
    res.writeHead(404).end();
    return;
  }
  const id = req.headers['mcp-session-id'];
  let transport = transports.get(id);
  if (!transport) {
    if (id) {
      res.writeHead(404).end();
      return;
    }
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => transports.set(session, transport),
    });
    await newServer().connect(transport);
  }
  await transport.handleRequest(req, res);
}

const server = createServer((req, res) => (sse ? serveSSE : serveStreamable)(req, res, new URL(req.url, 'http://127.0.0.1')));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
console.log(`http://127.0.0.1:${server.address().port}${sse ? '/sse' : '/mcp'}`);

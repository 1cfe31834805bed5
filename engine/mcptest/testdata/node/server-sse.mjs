// An MCP server of the oldest transport that is in use, HTTP+SSE of 2024-11-05, made with
// the TypeScript SDK. It listens on a free port of loopback, prints the URL of its stream,
// and ends with its standard input.
import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { z } from 'zod';

const transports = new Map();
const server = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://127.0.0.1');
  if (req.method === 'GET' && url.pathname === '/sse') {
    const mcp = new McpServer({ name: 'old-server', version: '1' });
    mcp.registerTool('echo', { description: 'Says it again', inputSchema: { message: z.string() } },
      async ({ message }) => ({ content: [{ type: 'text', text: `Echo: ${message}` }] }));
    mcp.registerTool('headers', { description: 'The names of the fields that came with the call' },
      async (extra) => ({ content: [{ type: 'text', text: Object.keys(extra.requestInfo?.headers ?? {}).join(' ') }] }));
    const transport = new SSEServerTransport('/messages', res);
    transports.set(transport.sessionId, transport);
    transport.onclose = () => transports.delete(transport.sessionId);
    await mcp.connect(transport);
    return;
  }
  const transport = transports.get(url.searchParams.get('sessionId'));
  if (req.method === 'POST' && url.pathname === '/messages' && transport) {
    await transport.handlePostMessage(req, res);
    return;
  }
  res.writeHead(404).end();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
console.log(`http://127.0.0.1:${server.address().port}/sse`);

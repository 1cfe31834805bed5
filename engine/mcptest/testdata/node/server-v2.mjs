// An MCP server that speaks 2026-07-28 and nothing before it, made with the second
// generation of the TypeScript SDK. It listens on a free port of loopback, prints its URL,
// and ends with its standard input.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

const mcp = createMcpHandler(({ requestInfo }) => {
  const server = new McpServer({ name: 'new-server', version: '1' });
  server.registerTool('echo', { description: 'Says it again', inputSchema: z.object({ message: z.string() }) },
    async ({ message }) => ({ content: [{ type: 'text', text: `Echo: ${message}` }] }));
  server.registerTool('headers', { description: 'The names of the fields that came with the call', inputSchema: z.object({}) },
    async () => ({ content: [{ type: 'text', text: [...(requestInfo?.headers?.keys() ?? [])].join(' ') }] }));
  return server;
}, { legacy: 'reject' });

const server = createServer(async (req, res) => {
  const abort = new AbortController();
  res.on('close', () => abort.abort());
  const answer = await mcp.fetch(new Request(`http://${req.headers.host}${req.url}`, {
    method: req.method,
    headers: Object.entries(req.headers).flatMap(([name, value]) => [].concat(value).map((one) => [name, one])),
    body: req.method === 'GET' || req.method === 'HEAD' ? undefined : Readable.toWeb(req),
    duplex: 'half',
    signal: abort.signal,
  }));
  res.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body) Readable.fromWeb(answer.body).on('error', () => res.destroy()).pipe(res);
  else res.end();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
console.log(`http://127.0.0.1:${server.address().port}/mcp`);

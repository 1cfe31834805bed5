// mcp-remote, as a program that knows only servers on its standard streams starts it. ERA
// is legacy or auto, TRANSPORT http or sse. What it keeps of logins is in the folder
// MCP_REMOTE_CONFIG_DIR.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const args = ['node_modules/mcp-remote/dist/proxy.js', process.argv[2], process.env.CALLBACK_PORT, '--allow-http', '--debug',
  '--host', '127.0.0.1', '--transport', process.env.TRANSPORT === 'sse' ? 'sse-only' : 'http-only',
  '--protocol', process.env.ERA ?? 'legacy'];
if (process.env.CLIENT_METADATA_URL) args.push('--client-metadata-url', process.env.CLIENT_METADATA_URL);

const client = new Client({ name: 'behind-mcp-remote', version: '1' });
await client.connect(new StdioClientTransport({ command: process.execPath, args, env: process.env, stderr: 'inherit' }), { timeout: 50_000 });
const seen = { tools: (await client.listTools()).tools, results: [] };
for (const call of JSON.parse(process.env.CALLS ?? '[]')) {
  try {
    seen.results.push(await client.callTool(call));
  } catch (error) {
    seen.results.push({ thrown: String(error.message ?? error), code: error.code });
  }
}
await client.close();
console.log(JSON.stringify(seen));
process.exit(0);

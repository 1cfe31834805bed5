// A client of the TypeScript SDK, first generation. TRANSPORT is http or sse.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { use } from './login.mjs';

const url = new URL(process.argv[2]);
const Transport = process.env.TRANSPORT === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;
let transport;
await use({
  UnauthorizedError,
  version: () => transport.protocolVersion ?? transport._protocolVersion,
  connect: {
    make: async (authProvider) => {
      transport = new Transport(url, process.env.TOKEN
        ? { requestInit: { headers: { authorization: `Bearer ${process.env.TOKEN}` } } }
        : { authProvider });
      return { client: new Client({ name: 'sdk-1', version: '1' }), transport };
    },
    finish: (t, params) => t.finishAuth(params.get('code')),
  },
});

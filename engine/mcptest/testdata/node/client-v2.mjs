// A client of the TypeScript SDK, second generation. ERA is legacy, auto, or a revision
// that it insists on.
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { use } from './login.mjs';

const url = new URL(process.argv[2]);
const era = process.env.ERA ?? 'legacy';
const mode = era === 'legacy' || era === 'auto' ? era : { pin: era };
await use({
  UnauthorizedError,
  version: (client) => client.getNegotiatedProtocolVersion(),
  connect: {
    make: async (authProvider) => ({
      client: new Client({ name: 'sdk-2', version: '1' }, { versionNegotiation: { mode } }),
      transport: new StreamableHTTPClientTransport(url, process.env.TOKEN
        ? { requestInit: { headers: { authorization: `Bearer ${process.env.TOKEN}` } } }
        : { authProvider }),
    }),
    finish: (transport, params) => transport.finishAuth(params),
  },
});

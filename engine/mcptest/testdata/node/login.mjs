// What both generations of the TypeScript SDK want of a client that can log in: it opens
// the command BROWSER and waits for the code on a port of loopback.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

export async function login() {
  const waiting = [];
  const arrived = [];
  const server = createServer((req, res) => {
    const url = new URL(req.url, 'http://127.0.0.1');
    if (url.pathname !== '/callback') {
      res.writeHead(404).end();
      return;
    }
    res.setHeader('content-type', 'text/plain');
    res.end('You can go back to the program.');
    const next = waiting.shift();
    if (next) next(url.searchParams);
    else arrived.push(url.searchParams);
  });
  const port = Number(process.env.CALLBACK_PORT ?? 0);
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const redirect = `http://127.0.0.1:${server.address().port}/callback`;

  let state;
  let information;
  let tokens;
  let verifier;
  let discovery;
  const provider = {
    authorizations: 0,
    clientMetadataUrl: process.env.CLIENT_METADATA_URL || undefined,
    get redirectUrl() { return redirect; },
    get clientMetadata() {
      return {
        client_name: 'A client of the TypeScript SDK',
        redirect_uris: [redirect],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      };
    },
    state() { state = randomUUID(); return state; },
    clientInformation() { return information; },
    saveClientInformation(value) { information = value; },
    tokens() { return tokens; },
    saveTokens(value) { tokens = value; },
    saveCodeVerifier(value) { verifier = value; },
    codeVerifier() { return verifier; },
    saveDiscoveryState(value) { discovery = value; },
    discoveryState() { return discovery; },
    redirectToAuthorization(url) {
      this.authorizations += 1;
      spawn(process.env.BROWSER, [url.href], { stdio: ['ignore', 'inherit', 'inherit'] });
    },
  };
  return {
    provider,
    close: () => server.close(),
    get clientId() { return information?.client_id; },
    get refreshToken() { return tokens?.refresh_token !== undefined; },
    // expire makes the access token one that no server accepts.
    expire() { tokens = { ...tokens, access_token: 'expired' }; },
    // answer is what the browser came back with.
    async answer() {
      const params = arrived.shift() ?? await new Promise((resolve) => waiting.push(resolve));
      if (params.get('state') !== state) throw new Error('the state is another one');
      if (params.get('error')) throw new Error(`refused: ${params.get('error')}: ${params.get('error_description')}`);
      return params;
    },
  };
}

// use connects, logging in as often as the server asks, and does with the client what
// the environment says. It prints what was seen as its last line.
export async function use({ connect, version, UnauthorizedError }) {
  const session = await login();
  const seen = { authorizations: 0 };
  try {
    let client;
    let connected;
    for (let attempt = 0; ; attempt++) {
      const { client: candidate, transport } = await connect.make(session.provider);
      try {
        await candidate.connect(transport);
        client = candidate;
        connected = transport;
        break;
      } catch (error) {
        if (!(error instanceof UnauthorizedError) || attempt > 0) throw error;
        await connect.finish(transport, await session.answer());
      }
    }
    seen.version = version(client);
    seen.tools = (await client.listTools()).tools;
    if (process.env.EXPIRE) session.expire();
    const calls = JSON.parse(process.env.CALLS ?? '[]');
    seen.results = [];
    for (const call of calls) {
      try {
        seen.results.push(await client.callTool(call).catch(async (error) => {
          // The server wants more than was granted, and the browser is open.
          if (!(error instanceof UnauthorizedError)) throw error;
          await connect.finish(connected, await session.answer());
          return client.callTool(call);
        }));
      } catch (error) {
        seen.results.push({ thrown: String(error.message ?? error), code: error.code });
      }
    }
    seen.authorizations = session.provider.authorizations;
    seen.clientId = session.clientId;
    seen.refreshToken = session.refreshToken;
    await client.close();
  } finally {
    session.close();
  }
  console.log(JSON.stringify(seen));
  process.exit(0);
}

// An identity provider for tests: PKCE is obligatory, refresh tokens rotate and a reused
// one ends the grant, clients may register themselves. It listens on a free port of
// loopback, prints its issuer, and ends with its standard input.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const life = Number(process.env.ACCESS_TOKEN_SECONDS ?? 3600);

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'the-client',
      client_secret: 'the-client-secret',
      redirect_uris: [process.env.REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
    },
    {
      client_id: 'the-machine',
      client_secret: 'the-machine-secret',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
    registration: { enabled: true },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: life, ClientCredentials: life, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, IdToken: 3600 },
  cookies: { keys: ['a key for tests'] },
});

const counted = { refresh_token: 0, authorization_code: 0, client_credentials: 0, errors: [], revoked: 0 };
const grantOf = (ctx) => ctx.oidc?.params?.grant_type;
provider.on('grant.success', (ctx) => { counted[grantOf(ctx)] += 1; });
provider.on('grant.error', (ctx, err) => { counted.errors.push(`${grantOf(ctx)}: ${err.error}`); });
provider.on('refresh_token.destroyed', () => { counted.revoked += 1; });

const handle = provider.callback();
server.on('request', (req, res) => {
  if (req.url === '/counted') {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(counted));
    return;
  }
  handle(req, res);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
console.log(issuer);

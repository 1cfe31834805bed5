// An identity provider for tests, npm's oidc-provider: people log in with any name, PKCE
// is obligatory, refresh tokens rotate. It listens on a free port of loopback, prints its
// issuer, and ends with its standard input. /counted says what it was asked for.
//
// With ENTRA=<tenant> it behaves as Microsoft Entra ID does where that differs: it lives
// below /<tenant>/v2.0, has an OpenID configuration but no RFC 8414 document and no dynamic
// registration, answers a resource parameter with AADSTS9010010 and a scope that is neither
// OpenID's nor a URI with AADSTS650053, and its tokens carry tid, oid and ver.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const host = `http://127.0.0.1:${server.address().port}`;
const tenant = process.env.ENTRA;
const mount = tenant ? `/${tenant}/v2.0` : '';
const issuer = host + mount;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'the-gateway',
    client_secret: 'the-gateway-secret',
    redirect_uris: JSON.parse(process.env.REDIRECT_URIS),
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_post',
  }],
  scopes: ['openid', 'offline_access'],
  claims: { openid: ['sub', 'tid', 'oid', 'ver', 'roles'], profile: ['name', 'preferred_username'], email: ['email'] },
  conformIdTokenClaims: false,
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: id,
      preferred_username: `${id}@example.com`,
      email: `${id}@example.com`,
      roles: id === 'alice' ? ['Admin'] : ['Guest'],
      ...(tenant && { tid: tenant, ver: '2.0', oid: createHash('sha256').update(id).digest('hex').slice(0, 32) }),
    }),
  }),
  features: { revocation: { enabled: true }, introspection: { enabled: true } },
  // The gateway asks for offline_access without prompt=consent, as it does of Entra.
  issueRefreshToken: async (ctx, client, code) => code.scopes.has('openid'),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, IdToken: 3600 },
  cookies: { keys: ['a key for tests'] },
});

const counted = { authorizations: 0, resources: 0, bareScopes: 0, tokens: 0, errors: [], lastLogin: '' };
provider.on('grant.success', () => { counted.tokens += 1; });
provider.on('grant.error', (ctx, err) => { counted.errors.push(err.error); });
provider.on('authorization.error', (ctx, err) => { counted.errors.push(err.error); });

// refusal is what Entra ID answers a request with these parameters, null if nothing.
const known = new Set(['openid', 'profile', 'email', 'offline_access']);
function refusal(params) {
  if (params.has('resource')) counted.resources += 1;
  if (!tenant) return null;
  if (params.has('resource')) {
    return { error: 'invalid_target', error_description: 'AADSTS9010010: The resource parameter provided in the request doesn\'t match with the requested scopes.' };
  }
  const bare = (params.get('scope') ?? '').split(' ').find((s) => s && !known.has(s) && !s.includes('://'));
  if (!bare) return null;
  counted.bareScopes += 1;
  return { error: 'invalid_client', error_description: `AADSTS650053: The application asked for scope '${bare}' that doesn't exist on the resource.` };
}

const read = (req) => new Promise((resolve) => {
  let body = '';
  req.on('data', (part) => { body += part; });
  req.on('end', () => resolve(body));
});

const handle = provider.callback();
server.on('request', async (req, res) => {
  const url = new URL(req.url, host);
  if (url.pathname === '/counted') {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(counted));
    return;
  }
  if (mount && !url.pathname.startsWith(`${mount}/`)) {
    res.writeHead(404).end();
    return;
  }
  const path = url.pathname.slice(mount.length);
  if (path === '/.well-known/oauth-authorization-server') {
    res.writeHead(404).end();
    return;
  }
  let refused = null;
  if (path === '/auth') {
    counted.authorizations += 1;
    counted.lastLogin = url.href;
    refused = refusal(url.searchParams);
  } else if (path === '/token') {
    const params = new URLSearchParams(await read(req));
    refused = refusal(params);
    req.body = Object.fromEntries(params);
  }
  if (refused) {
    res.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(refused));
    return;
  }
  req.url = path + url.search;
  req.originalUrl = url.pathname + url.search;
  req.baseUrl = mount;
  handle(req, res);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
console.log(issuer);

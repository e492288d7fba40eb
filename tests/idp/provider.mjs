// An identity provider of our own for the tests: the certified oidc-provider with a few people, and knobs for what goes wrong
// in a life: keys change, tokens run out, the provider is down.
//
//   node provider.mjs http://127.0.0.1:8080 [port]      prints "ready http://127.0.0.1:PORT" when it listens
//   POST /_test { people, ttl, rotate, down, refuse, sign }        turns a knob
import { createServer } from 'node:http';
import { generateKeyPair, exportJWK, SignJWT, importJWK } from 'jose';
import Provider from 'oidc-provider';

console.warn = () => {}; // about the version of Node, and that nobody should use this in earnest
console.info = () => {};

const loggia = process.argv[2];
const port = Number(process.argv[3] ?? 0);
const API = 'urn:loggia:api';

const people = {
  ann: { email: 'ann@corp.example', email_verified: true, name: 'Ann Archer', tenants: ['alpha-works', 'beta-works:admin', 'acme-corp', 'global-retail'], roles: ['staff'] },
  olga: { email: 'olga@corp.example', email_verified: true, name: 'Olga Orlov', tenants: [], roles: ['staff', 'loggia-operator'] },
  una: { email: 'una@corp.example', email_verified: false, name: 'Una Unsure', tenants: ['alpha-works'], roles: [] },
  zoe: { email: 'zoe@corp.example', email_verified: true, name: 'Zoe Zest', roles: [] },
};
const knobs = { ttl: 600, down: false, refuse: false };
const counts = { refreshed: 0, revoked: 0, tokens: 0 };

async function key() {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: 'sig', alg: 'RS256' };
}
let keys = [await key()];
let issuer, provider;

function client(id, more = {}) {
  return {
    client_id: id,
    client_secret: `${id}-secret-of-the-tests`,
    redirect_uris: [`${loggia}/login/callback`],
    post_logout_redirect_uris: [`${loggia}/login`],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'],
    backchannel_logout_uri: `${loggia}/logout/backchannel`,
    backchannel_logout_session_required: true,
    ...more,
  };
}

function claimsOf(login) {
  return { sub: login, email: `${login}@corp.example`, email_verified: true, ...people[login] };
}

function build() {
  const lasts = () => knobs.ttl;
  const made = new Provider(issuer, {
    clients: [client('loggia'), client('loggia-post', { token_endpoint_auth_method: 'client_secret_post' })],
    jwks: { keys },
    cookies: { keys: ['a key for tests alone'] },
    // Loggia is on loopback, where the provider's own way out does not lead
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'roles', 'tenants', 'realm_access', 'groups'] },
    scopes: ['openid', 'email', 'profile', 'offline_access'],
    extraTokenClaims: (_, token) => (token.accountId ? {} : { roles: ['loggia-machine'] }),
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: lasts, ClientCredentials: lasts, IdToken: lasts, RefreshToken: 86_400, Session: 86_400, Grant: 86_400, Interaction: 3_600 },
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => API,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: 'api', audience: API, accessTokenFormat: 'jwt', accessTokenTTL: knobs.ttl }),
      },
    },
    findAccount: (_, login) => ({ accountId: login, claims: () => claimsOf(login) }),
    async loadExistingGrant(ctx) {
      // nobody is asked for consent: the company runs both sides
      const { client: who, session, params } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({ clientId: who.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope ?? 'openid');
      grant.addResourceScope(API, 'api');
      await grant.save();
      return grant;
    },
  });
  made.on('refresh_token.consumed', () => { counts.refreshed += 1; });
  made.on('refresh_token.destroyed', () => { counts.revoked += 1; });
  made.on('backchannel.error', (_, error) => process.stderr.write(`${error.stack}\n`));
  made.on('grant.success', () => { counts.tokens += 1; });
  made.on('server_error', (_, error) => process.stderr.write(`${error.stack}\n`));
  return made;
}

async function turn(body) {
  Object.assign(people, body.people ?? {});
  for (const knob of ['ttl', 'down', 'refuse']) if (knob in body) knobs[knob] = body[knob];
  if (body.rotate) {
    keys = [await key(), ...(body.rotate === 'hard' ? [] : keys)];
    provider = build();
  }
  if (!body.sign) return counts;
  const { header, payload, stranger } = body.sign;
  const by = stranger ? await key() : keys[0];
  const jwt = new SignJWT({ iss: issuer, ...payload }).setProtectedHeader({ alg: 'RS256', kid: by.kid, ...header });
  return { token: await jwt.sign(await importJWK(by, 'RS256')) };
}

function read(request) {
  return new Promise((resolve) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => resolve(text));
  });
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, issuer);
  if (pathname === '/_test') {
    const answer = await turn(JSON.parse((await read(request)) || '{}'));
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(answer));
  }
  if (knobs.down) return request.socket.destroy();
  if (knobs.refuse && pathname === '/token') {
    response.writeHead(400, { 'content-type': 'application/json' });
    return response.end('{"error":"invalid_grant"}');
  }
  return provider.callback()(request, response);
});

server.listen(port, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  provider = build();
  process.stdout.write(`ready ${issuer}\n`);
});
process.stdin.on('end', () => process.exit()).resume(); // ends with whoever started it

// A stand-in for Azure AD B2C and Entra External ID where they differ from other providers: the issuer is not where the
// metadata is, every policy of a tenant shares it and names itself in `tfp`, addresses come as `emails` and nothing says that
// they are verified, numbers of the token answer are written as text, secrets go in the body alone.
//
//   node entra.mjs http://127.0.0.1:8080      prints "ready METADATA_URL ISSUER TFP_ISSUER": the last names the policy, and its
//                                            metadata is where every other provider has it
//   POST /_test { claims, sign }             what the next id_token says besides; a token of this payload and header to be
//                                            signed. Answers { keys, token }: how often the keys were asked for, the token
import { createServer } from 'node:http';
import { createHash } from 'node:crypto';
import { generateKeyPair, exportJWK, SignJWT } from 'jose';

const { privateKey, publicKey } = await generateKeyPair('RS256');
const jwk = { ...(await exportJWK(publicKey)), kid: 'policy-key', use: 'sig', nbf: 1493763266 };
const redirect = `${process.argv[2]}/login/callback`;
const POLICY = '/contoso.onmicrosoft.com/b2c_1_signin';
const grants = new Map();
const TFP = '/tfp/6f4b1c0e-1111-2222-3333-444455556666/b2c_1_signin/v2.0/';
let more = {};
let keys = 0;

function metadata(base, issuer = '/6f4b1c0e-1111-2222-3333-444455556666/v2.0/') {
  return {
    issuer: base + issuer,
    authorization_endpoint: `${base}${POLICY}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}${POLICY}/oauth2/v2.0/token`,
    end_session_endpoint: `${base}${POLICY}/oauth2/v2.0/logout`,
    jwks_uri: `${base}${POLICY}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    response_types_supported: ['code', 'code id_token', 'id_token'],
    scopes_supported: ['openid'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    claims_supported: ['name', 'emails', 'idp', 'sub', 'tfp', 'iss', 'iat', 'exp', 'aud', 'acr', 'nonce', 'auth_time'],
  };
}

async function token(base, form) {
  const grant = grants.get(form.get('code'));
  grants.delete(form.get('code'));
  const proof = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
  const known = form.get('client_id') === 'loggia-web' && form.get('client_secret') === 'a secret from the portal';
  if (!grant || !known || proof !== grant.challenge || form.get('redirect_uri') !== redirect) return [400, { error: 'invalid_grant' }];
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ver: '1.0', sub: '3f1e9d5a-aaaa-bbbb-cccc-ddddeeeeffff', name: 'Cleo Contoso', emails: ['cleo@contoso.example'], tfp: 'B2C_1_signin',
    idp: 'local', nonce: grant.nonce, iat: now, nbf: now, auth_time: now, ...more,
  };
  const id = new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: jwk.kid });
  id.setIssuer(more.iss ?? metadata(base).issuer).setAudience('loggia-web').setExpirationTime(now + 3600);
  return [200, { id_token: await id.sign(privateKey), token_type: 'Bearer', not_before: String(now), expires_in: '3600', scope: 'openid', access_token: 'opaque' }];
}

/** An access token, or whatever the test wants. */
async function signed({ payload, header = {} }) {
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: jwk.kid, ...header }).sign(privateKey);
}

const server = createServer(async (request, response) => {
  const base = `http://127.0.0.1:${server.address().port}`;
  const url = new URL(request.url, base);
  const answer = (status, body, headers = {}) => { response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }); response.end(JSON.stringify(body)); };
  let text = '';
  for await (const part of request) text += part;
  switch (url.pathname) {
    case '/_test': {
      const { claims, sign } = JSON.parse(text);
      more = claims ?? more;
      return answer(200, { keys, token: sign && await signed(sign) });
    }
    case `${TFP}.well-known/openid-configuration`: return answer(200, metadata(base, TFP));
    case `${POLICY}/v2.0/.well-known/openid-configuration`: return answer(200, metadata(base));
    case `${POLICY}/discovery/v2.0/keys`: keys += 1; return answer(200, { keys: [jwk] });
    case `${POLICY}/oauth2/v2.0/authorize`: {
      const code = crypto.randomUUID();
      const asked = url.searchParams;
      if (asked.get('redirect_uri') !== redirect) return answer(400, { error: 'redirect_uri_mismatch' });
      grants.set(code, { nonce: asked.get('nonce'), challenge: asked.get('code_challenge') });
      return answer(302, {}, { location: `${redirect}?${new URLSearchParams({ code, state: asked.get('state') })}` });
    }
    case `${POLICY}/oauth2/v2.0/token`: return answer(...(await token(base, new URLSearchParams(text))));
    default: return answer(404, {});
  }
});
server.listen(0, '127.0.0.1', () => {
  const base = `http://127.0.0.1:${server.address().port}`;
  process.stdout.write(`ready ${base}${POLICY}/v2.0/.well-known/openid-configuration ${metadata(base).issuer} ${metadata(base, TFP).issuer}\n`);
});
process.stdin.on('end', () => process.exit()).resume();

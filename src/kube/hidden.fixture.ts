/** Secrets, `hunter2` all of them, where people hide them. */
export const jwt = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"sub":"hunter2"}').toString('base64url')}.c2ln`
const pem = '-----BEGIN RSA PRIVATE KEY-----\nhunter2hunter2\n-----END RSA PRIVATE KEY-----'

export const configMap = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'dex' },
  data,
})
export const deployment = (container: object, annotations: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', annotations },
  spec: {
    template: { metadata: { annotations }, spec: { containers: [{ name: 'c', image: 'i', ...container }] } },
  },
})
export const spec = (kind: string, value: object) => ({
  apiVersion: 'x/v1',
  kind,
  metadata: { name: 'x' },
  spec: value,
})

/** Nothing of them may be left. */
export const hidden: readonly (readonly [where: string, object: Record<string, unknown>])[] = [
  ['a telling variable', deployment({ env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] })],
  ['a key of a cloud', deployment({ env: [{ name: 'AWS_SECRET_ACCESS_KEY', value: 'hunter2/x+y' }] })],
  ['a variable nobody knows', deployment({ env: [{ name: 'WHATEVER', value: 'hunter2' }] })],
  [
    'digits in a variable nobody knows',
    deployment({ env: [{ name: 'FRONT_DOOR', value: '8412341234hunter2' }] }),
  ],
  [
    'a password in a URL',
    deployment({ env: [{ name: 'OIDC_STORE', value: 'redis://:hunter2@redis:6379' }] }),
  ],
  ['a token in a known variable', deployment({ env: [{ name: 'ISTIO_META_X', value: `x ${jwt}` }] })],
  ['--flag=value', deployment({ args: ['--client-secret=hunter2'] })],
  ['--flag value', deployment({ args: ['--redis-password', 'hunter2'] })],
  [
    'a shell line',
    deployment({ command: ['sh', '-c', 'export PASSWORD=hunter2; exec run --token="hunter2"'] }),
  ],
  [
    'an init container',
    {
      ...deployment({}),
      spec: {
        template: { spec: { initContainers: [{ name: 'i', env: [{ name: 'X_TOKEN', value: 'hunter2' }] }] } },
      },
    },
  ],
  ['an annotation by its name', deployment({}, { 'corp.example/api-token': 'hunter2' })],
  ['an annotation with JSON', deployment({}, { 'corp.example/settings': '{"clientSecret":"hunter2"}' })],
  [
    'an nginx snippet',
    deployment(
      {},
      { 'nginx.ingress.kubernetes.io/configuration-snippet': 'proxy_set_header X-Api "hunter2";' },
    ),
  ],
  ['last-applied', deployment({}, { 'kubectl.kubernetes.io/last-applied-configuration': 'hunter2' })],
  ['YAML', configMap({ 'config.yaml': 'connectors:\n- config:\n    bindPW: hunter2\n' })],
  ['a block of YAML', configMap({ 'config.yaml': 'a:\n  bindPW: |\n    hunter2\n    more hunter2\n' })],
  ['flow YAML', configMap({ 'config.yaml': 'staticClients: [{id: x, secret: hunter2}]\n' })],
  ['JSON on one line', configMap({ credentials_json: '{"a":{"clientSecret":"hunter2"}}' })],
  ['JSON under another key', configMap({ config: '{"oauth":{"client_secret":"hunter2","n":1}}' })],
  ['a number', configMap({ config: 'password: 8412341234\n# hunter2\nx: {y: 1}' })],
  ['a list of pairs', configMap({ config: 'env:\n- name: API_KEY\n  value: hunter2\n' })],
  [
    'TOML',
    configMap({
      'oauth2_proxy.cfg':
        '# client_secret = "hunter2"\nclient_secret = "hunter2"\ncookie_secret="hunter2"\nredis_password = hunter2\n',
    }),
  ],
  ['properties', configMap({ 'app.properties': 'spring.datasource.password=hunter2\n' })],
  [
    'a comment in YAML',
    configMap({ 'config.yaml': 'issuer: http://dex\n# password: hunter2\nstorage: {type: memory}\n' }),
  ],
  ['a whole entry', configMap({ clientSecret: 'hunter2\n' })],
  ['a private key', configMap({ 'tls.pem': pem })],
  ['a private key in YAML', configMap({ config: `tls:\n  pem: |\n    ${pem.replaceAll('\n', '\n    ')}\n` })],
  [
    'a bcrypt hash anywhere',
    configMap({ config: 'people: {a: "$2a$10$hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunt"}' }),
  ],
  ['binary data', { ...configMap({}), binaryData: { a: Buffer.from('hunter2').toString('base64') } }],
  [
    'Lua: a header',
    spec('EnvoyFilter', {
      inlineCode: 'function envoy_on_request(h)\n  h:headers():add("x-api-key", "hunter2")\nend',
    }),
  ],
  [
    'Lua: a comparison',
    spec('EnvoyFilter', { inlineCode: "if h:headers():get('x') == 'hunter2' then return end" }),
  ],
  ['Lua: a comment', spec('EnvoyFilter', { inlineCode: '-- hunter2\n--[[ hunter2 ]] x()' })],
  ['Lua: a long bracket', spec('EnvoyFilter', { inlineCode: 'local s = [==[hunter2]==]' })],
  ['Lua: an escaped quote', spec('EnvoyFilter', { inlineCode: 'local s = "a\\"hunter2"' })],
  [
    'Lua: a header of another name',
    spec('EnvoyFilter', {
      default_source_code: { inline_string: 'h:headers():replace("x-team", "hunter2")' },
    }),
  ],
  [
    'a header an EnvoyFilter adds',
    spec('EnvoyFilter', {
      patch: { value: { request_headers_to_add: [{ header: { key: 'x-api-key', value: 'hunter2' } }] } },
    }),
  ],
  [
    'Authorization a route sets',
    spec('VirtualService', {
      http: [{ headers: { request: { set: { Authorization: 'Basic hunter2hunter2' } } } }],
    }),
  ],
  [
    'x-api-key a route adds',
    spec('VirtualService', { http: [{ headers: { request: { add: { 'x-api-key': 'hunter2' } } } }] }),
  ],
  [
    'a header a route asks for',
    spec('VirtualService', { http: [{ match: [{ headers: { 'x-api-key': { exact: 'hunter2' } } }] }] }),
  ],
  [
    'a cookie a route asks for',
    spec('VirtualService', { http: [{ match: [{ headers: { cookie: { regex: '.*s=hunter2.*' } } }] }] }),
  ],
  [
    'a header a policy asks for',
    spec('AuthorizationPolicy', {
      rules: [{ when: [{ key: 'request.headers[x-api-key]', values: ['hunter2'] }] }],
    }),
  ],
  [
    'the same, denied',
    spec('AuthorizationPolicy', {
      rules: [{ when: [{ key: 'request.headers[authorization]', notValues: ['Bearer hunter2'] }] }],
    }),
  ],
  [
    'a Gateway API header',
    spec('HTTPRoute', {
      rules: [
        { filters: [{ requestHeaderModifier: { set: [{ name: 'Authorization', value: 'hunter2' }] } }] },
      ],
    }),
  ],
  [
    'a shared key in a key set',
    spec('RequestAuthentication', { jwtRules: [{ jwks: '{"keys":[{"kty":"oct","k":"hunter2"}]}' }] }),
  ],
  [
    'a private key in a key set',
    spec('RequestAuthentication', {
      jwtRules: [{ jwks: '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","d":"hunter2"}]}' }],
    }),
  ],
  [
    'a model’s environment',
    spec('InferenceService', {
      predictor: {
        containers: [{ env: [{ name: 'HF_TOKEN', value: 'hunter2' }], args: ['--api-key', 'hunter2'] }],
      },
    }),
  ],
  [
    'a Knative Service',
    spec('Service', { template: { spec: { containers: [{ env: [{ name: 'X', value: 'hunter2' }] }] } } }),
  ],
  ['a PodDefault', spec('PodDefault', { env: [{ name: 'MLFLOW_TRACKING_PASSWORD', value: 'hunter2' }] })],
  ['a Wasm plug-in', spec('WasmPlugin', { pluginConfig: { clientSecret: 'hunter2' } })],
  ['a proxy’s environment', spec('ProxyConfig', { environmentVariables: { API_TOKEN: 'hunter2' } })],
  [
    'a Secret',
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { a: Buffer.from('hunter2').toString('base64') },
      stringData: { b: 'hunter2' },
    },
  ],
  [
    'a Secret that calls itself a certificate',
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { 'tls.crt': Buffer.from(`${pem}hunter2`).toString('base64') },
    },
  ],
  ['an alias in YAML', configMap({ 'config.yaml': 'defaults: &pw hunter2\nldap:\n  bindPW: *pw\n' })],
  ['an aliased map', configMap({ c: 'a: &x {user: hunter2}\ncredentials: *x\n' })],
  ['a binary scalar', configMap({ c: 'a: 1\nbindPW: !!binary aHVudGVyMg==\n' })],
  ['below a telling key', configMap({ c: 'secret:\n  id: hunter2\nstorage: {type: memory}\n' })],
  ['several of a kind', configMap({ c: 'tokens: [hunter2]\npasswords: {jane: hunter2}\n' })],
  ['a list below a telling key', configMap({ c: 'apiKeys:\n- name: a\n  v: hunter2\n' })],
  ['JSON within YAML', configMap({ c: 'plugin:\n  settings: \'{"clientSecret":"hunter2"}\'\n' })],
  ['YAML within YAML', configMap({ c: 'files:\n  a.yaml: |\n    bindPW: hunter2\n    x: y\n' })],
  [
    'a header that is added to checks',
    configMap({
      mesh: 'extensionProviders:\n- name: a\n  envoyExtAuthzHttp:\n    includeAdditionalHeadersInCheck: {authorization: hunter2, x-shared-key: hunter2}\n',
    }),
  ],
  ['a list of headers', configMap({ mesh: 'tracing: {headers: [{name: Authorization, value: hunter2}]}\n' })],
  ['proxy metadata', configMap({ mesh: 'defaultConfig:\n  proxyMetadata:\n    WHATEVER: hunter2\n' })],
  ['XML', configMap({ 'a.xml': '<ldap>\n  <password>hunter2</password>\n</ldap>' })],
  ['an attribute of XML', configMap({ 'a.xml': '<user name="x" password="hunter2"/>' })],
  ['several on a line', configMap({ 'a.js': "module.exports = { user: 'a', password: 'hunter2' }; x(1)" })],
  ['an arrow', configMap({ 'a.php': "<?php return ['password' => 'hunter2'];" })],
  ['a value over several lines', configMap({ 'a.cfg': 'x = 1\nclient_secret = """\nhunter2\n"""\ny = 2\n' })],
  ['a continued line', configMap({ 'a.cfg': 'x = 1\nclient_secret = \\\n  hunter2\n' })],
  ['a comment after a setting', configMap({ 'a.cfg': 'cookie_name = "a" # once hunter2 password\n' })],
  ['netrc', configMap({ netrc: 'machine x login y password hunter2\n' })],
  [
    'an exported variable',
    configMap({ env: 'export DB_PASSWORD=hunter2\nexport DB_PASSWORD="hunter2 x"\n' }),
  ],
  [
    'htpasswd',
    configMap({ users: 'jane:$apr1$hunter2$hunter2hunter2hunter2\njoe:{SHA}hunter2hunter2hunter2h=\n' }),
  ],
  ['a token in the place of a user', configMap({ c: 'repo: https://hunter2hunter2@git.example.com/x\n' })],
  ['JDBC', configMap({ c: 'url: "jdbc:sqlserver://db:1433;user=sa;password=hunter2;encrypt=true"\n' })],
  ['a known prefix and JSON', deployment({ env: [{ name: 'ISTIO_META_X', value: '{"token":"hunter2"}' }] })],
  ['a known prefix and any name', deployment({ env: [{ name: 'APP_LICENSE', value: 'hunter2' }] })],
  ['another known prefix', deployment({ env: [{ name: 'USER_DATA', value: 'hunter2' }] })],
  ['a header on a command line', deployment({ args: ['-H', 'X-Api-Key: hunter2', 'https://x'] })],
  [
    'the same in a shell line',
    deployment({ command: ['sh', '-c', 'curl -H "X-Api-Key: hunter2" https://x'] }),
  ],
  ['curl -u', deployment({ args: ['curl', '-u', 'jane:hunter2', 'https://x'] })],
  [
    'curl --user in a shell line',
    deployment({ command: ['sh', '-c', 'curl --user jane:hunter2 https://x'] }),
  ],
  ['curl -ujane:', deployment({ command: ['sh', '-c', 'curl -ujane:hunter2 https://x'] })],
  [
    'an argument of a label',
    { ...deployment({}), metadata: { name: 'd', labels: { 'corp/api-key': 'hunter2' } } },
  ],
  [
    'an annotation that repeats the object',
    deployment(
      {},
      {
        'kapp.example/original': JSON.stringify({ apiVersion: 'v1', kind: 'Secret', data: { a: 'hunter2' } }),
      },
    ),
  ],
  [
    'Envoy: a header it asks for',
    spec('EnvoyFilter', {
      patch: { value: { headers: [{ name: 'x-api-key', string_match: { exact: 'hunter2' } }] } },
    }),
  ],
  [
    'Envoy: the same by expression',
    spec('EnvoyFilter', {
      v: { headers: [{ name: 'authorization', safe_regex_match: { regex: 'Bearer hunter2' } }] },
    }),
  ],
  [
    'Envoy: a generic secret',
    spec('EnvoyFilter', { v: { generic_secret: { secret: { inline_string: 'hunter2' } } } }),
  ],
  ['Envoy: bytes', spec('EnvoyFilter', { v: { credential: { inline_bytes: 'aHVudGVyMg==' } } })],
  [
    'Envoy: an environment',
    spec('EnvoyFilter', { v: { environment_variables: { key_values: { X: 'hunter2' } } } }),
  ],
  [
    'Envoy: a filter’s own settings',
    spec('EnvoyFilter', {
      v: {
        typed_config: {
          configuration: {
            '@type': 'type.googleapis.com/google.protobuf.StringValue',
            value: '{"apiKey":"hunter2"}',
          },
        },
      },
    }),
  ],
  [
    'a query a route asks for',
    spec('VirtualService', { http: [{ match: [{ queryParams: { token: { exact: 'hunter2' } } }] }] }),
  ],
  [
    'a header with another telling name',
    spec('VirtualService', {
      http: [
        {
          headers: {
            request: {
              set: {
                'x-internal-key': 'hunter2',
                'x-goog-iap-jwt-assertion': 'hunter2',
                'x-signature': 'hunter2',
                'X-Auth': 'hunter2',
              },
            },
          },
        },
      ],
    }),
  ],
  ['Wasm: any name', spec('WasmPlugin', { pluginConfig: { users: { jane: 'hunter2' }, list: ['hunter2'] } })],
  [
    'Wasm: its environment',
    spec('WasmPlugin', { vmConfig: { env: [{ name: 'X', valueFrom: 'INLINE', value: 'hunter2' }] } }),
  ],
  ['a proxy’s environment, any name', spec('ProxyConfig', { environmentVariables: { WHATEVER: 'hunter2' } })],
  [
    'arguments alone',
    spec('InferenceService', { predictor: { containers: [{ args: ['--api-key', 'hunter2'] }] } }),
  ],
  [
    'more members of a key',
    spec('RequestAuthentication', {
      jwtRules: [{ jwks: '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","secret":"hunter2"}],"x":"hunter2"}' }],
    }),
  ],
  [
    'a key that is no set',
    spec('RequestAuthentication', { jwtRules: [{ jwks: '{"kty":"oct","k":"hunter2"}' }] }),
  ],
  [
    'an annotation of a proxy',
    deployment({}, { 'proxy.istio.io/config': 'proxyMetadata:\n  WHATEVER: hunter2\n' }),
  ],
  [
    'an annotation of a Secret',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', annotations: { note: 'hunter2' } } },
  ],
  ['an address with both', spec('ServiceEntry', { endpoints: [{ address: 'https://jane:hunter2@db' }] })],
  ['a status', { ...spec('Service', {}), status: { note: 'hunter2' } }],
  [
    'dex google',
    configMap({
      'config.yaml': `connectors:\n- type: google\n  id: google\n  config:\n    clientID: x\n    clientSecret: hunter2\n    serviceAccountFilePath: /a\n`,
    }),
  ],
  [
    'dex pg',
    configMap({
      'config.yaml': `storage:\n  type: postgres\n  config: {host: db, user: dex, password: hunter2, ssl: {mode: disable}}\n`,
    }),
  ],
  [
    'dex etcd',
    configMap({ 'config.yaml': `storage: {type: etcd, config: {username: a, password: "hunter2"}}` }),
  ],
  [
    'dex static client multi',
    configMap({
      'config.yaml': `staticClients:\n- id: a\n  name: b\n  secret: >-\n    hunter2\n  redirectURIs: [/x]\n`,
    }),
  ],
  ['dex logger comment tail', configMap({ 'config.yaml': `issuer: a # was secret: hunter2\nx: y` })],
  ['flow key quoted', configMap({ 'config.yaml': `{"staticClients":[{"id":"a","secret":"hunter2"}]}` })],
  ['explicit key', configMap({ 'config.yaml': `? clientSecret\n: hunter2\n` })],
  ['two docs', configMap({ 'config.yaml': `a: b\n---\nbindPW: hunter2\n` })],
  ['dup keys', configMap({ 'config.yaml': `bindPW: hunter2\nbindPW: hunter21\n` })],
  [
    'windows newlines toml',
    configMap({
      'oauth2_proxy.cfg': `client_id = "a"\r\nclient_secret = "hunter2"\r\ncookie_secret = 'hunter2'\r\n`,
    }),
  ],
  ['toml array', configMap({ 'oauth2_proxy.cfg': `cookie_secrets = [\n "hunter2",\n "b"\n]\n` })],
  [
    'toml inline table',
    configMap({ 'oauth2_proxy.cfg': `redis = { host = "a", password = "hunter2" }\nx = 1\n` }),
  ],
  ['toml dotted', configMap({ 'a.cfg': `a.b.client_secret = "hunter2"\nc=1\n` })],
  ['toml section', configMap({ 'a.cfg': `[client]\nsecret = "hunter2"\n` })],
  ['secret section', configMap({ 'a.cfg': `[secrets]\njane = "hunter2"\n` })],
  [
    'alpha config',
    configMap({
      'oauth2_proxy_alpha.yaml': `providers:\n- clientID: a\n  clientSecret: hunter2\n  oidcConfig: {x: y}\ninjectRequestHeaders:\n- name: X-A\n  values:\n  - secretSource: {value: aHVudGVyMg==}\n`,
    }),
  ],
  [
    'inject value',
    configMap({
      'a.yaml': `injectRequestHeaders:\n- name: Authorization\n  values:\n  - claim: id\n    prefix: "Basic "\n    basicAuthPassword: {value: hunter2}\n`,
    }),
  ],
  ['authservice env', configMap({ CLIENT_SECRET: 'hunter2', OIDC_PROVIDER: `https://a:hunter2@x` })],
  [
    'pem in env cm',
    configMap({ KEY: `-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----` }),
  ],
  [
    'openssh',
    configMap({
      k: `a: |\n  -----BEGIN OPENSSH PRIVATE KEY-----\n  hunter2\n  -----END OPENSSH PRIVATE KEY-----\n`,
    }),
  ],
  [
    'pgp',
    configMap({ k: `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nhunter2\n-----END PGP PRIVATE KEY BLOCK-----` }),
  ],
  ['jwk in yaml', configMap({ k: `signer: {kty: RSA, n: AQAB, d: hunter2}` })],
  ['jwk in json str', configMap({ k: `{"keys":[{"kty":"oct","k":"hunter2"}]}` })],
  ['vault', configMap({ k: `signer:\n  type: vault\n  config: {token: hunter2, addr: http}\n` })],
  ['sym hmac', configMap({ k: `hmac_secret_key: hunter2\na: b` })],
  ['basic auth upstream', configMap({ k: `basicAuth: {username: a, password: hunter2}` })],
  ['smtp', configMap({ k: `smtp_auth_password: hunter2\nx: y` })],
  ['camel', configMap({ k: `clientSecretValue: hunter2\nx: y` })],
  ['secret middle', configMap({ k: `secretAccess: hunter2\nx: y` })],
  ['passcode', configMap({ k: `passcode: hunter2\nx: y` })],
  ['pin', configMap({ k: `pin: hunter2\nx: y` })],
  ['privateKeyData', configMap({ k: `privateKeyData: hunter2\nx: y` })],
  [
    'slack webhook',
    configMap({ k: `url: https://hooks.slack.com/services/T000/B000/hunter2hunter2hunter2\nx: y` }),
  ],
  ['env b64 url', deployment({ env: [{ name: 'OIDC_X', value: `postgres://u:hunter2@h/db` }] })],
  ['env SKIP_AUTH', deployment({ env: [{ name: 'OIDC_CLIENT_SECRET', value: 'hunter2' }] })],
  ['env arr', deployment({ env: [{ name: 'AUTHSERVICE_X', value: `a=b,password=hunter2` }] })],
  ['env header', deployment({ env: [{ name: 'ISTIO_META_H', value: `Authorization: Bearer hunter2` }] })],
  ['args json', deployment({ args: [`--config={"password":"hunter2"}`] })],
  ['args yaml', deployment({ args: [`bindPW: hunter2\nx: y`] })],
  ['args sh', deployment({ args: [`set -e; PASSWORD='hunter2' run`] })],
  ['args heredoc', deployment({ command: ['sh', '-c', `cat <<EOF >/f\nbindPW: hunter2\nEOF`] })],
  ['args heredoc json', deployment({ command: ['sh', '-c', `echo '{"password": "hunter2"}' > f`] })],
  ['args -p', deployment({ command: ['mysql', '-uroot', `-phunter2`] })],
  ['args pass colon', deployment({ args: [`--set=password:hunter2`] })],
  ['args sshpass', deployment({ command: ['sshpass', '-p', 'hunter2', 'ssh'] })],
  ['args set', deployment({ args: ['--set', `auth.password=hunter2`] })],
  ['flag upper', deployment({ args: ['--CLIENT_SECRET', 'hunter2'] })],
  ['flag single dash', deployment({ args: ['-client-secret', 'hunter2'] })],
  ['flag with colon', deployment({ args: [`--client-secret:hunter2`] })],
  ['vs redirect', spec('VirtualService', { http: [{ redirect: { uri: `/x?access_token=hunter2` } }] })],
  ['vs rewrite', spec('VirtualService', { http: [{ rewrite: { uri: `/x?key=hunter2` } }] })],
  [
    'vs directResponse',
    spec('VirtualService', {
      http: [{ directResponse: { status: 200, body: { string: `{"apiKey":"hunter2"}` } } }],
    }),
  ],
  [
    'vs directResponse bytes',
    spec('VirtualService', { http: [{ directResponse: { status: 200, body: { bytes: 'aHVudGVyMg==' } } }] }),
  ],
  [
    'vs response cookie',
    spec('VirtualService', { http: [{ headers: { response: { add: { 'Set-Cookie': `s=hunter2` } } } }] }),
  ],
  [
    'vs route headers',
    spec('VirtualService', {
      http: [
        {
          route: [{ destination: { host: 'a' }, headers: { request: { set: { 'X-Api-Key': 'hunter2' } } } }],
        },
      ],
    }),
  ],
  [
    'ap paths query',
    spec('AuthorizationPolicy', {
      rules: [{ when: [{ key: 'request.headers[X-Shared-Secret]', notValues: ['hunter2'] }] }],
    }),
  ],
  [
    'ap claim',
    spec('AuthorizationPolicy', {
      rules: [{ when: [{ key: 'request.auth.claims[api_key]', values: ['hunter2'] }] }],
    }),
  ],
  [
    'ef metadata',
    spec('EnvoyFilter', {
      configPatches: [
        {
          patch: {
            value: {
              typed_config: {
                header_mutations: {
                  request_mutations: [{ append: { header: { key: 'Authorization', value: 'hunter2' } } }],
                },
              },
            },
          },
        },
      ],
    }),
  ],
  [
    'ef raw',
    spec('EnvoyFilter', {
      v: { request_headers_to_add: [{ header: { key: 'x-secret-token', raw_value: 'aHVudGVyMg==' } }] },
    }),
  ],
  [
    'ef exact_match',
    spec('EnvoyFilter', {
      v: { headers: [{ name: ':authority' }, { name: 'cookie', exact_match: 'hunter2' }] },
    }),
  ],
  [
    'ef oauth2 hmac',
    spec('EnvoyFilter', {
      v: { typed_config: { credentials: { client_id: 'a', token_secret: { name: 'x', sds_config: {} } } } },
    }),
  ],
  [
    'ef basic auth',
    spec('EnvoyFilter', {
      v: { typed_config: { users: { inline_string: `jane:{SHA}hunter2hunter2hunter2h=` } } },
    }),
  ],
  ['ef lua var', spec('EnvoyFilter', { v: { inline_code: `local key = 'a' .. "hunter2"` } })],
  ['ef lua set-cookie', spec('EnvoyFilter', { v: { inline_code: `h:headers():add('x', 'hunter2')` } })],
  [
    'ef lua source_codes',
    spec('EnvoyFilter', {
      v: {
        source_codes: {
          'a.lua': {
            inline_string: `function envoy_on_request(h) h:headers():add("authorization","hunter2") end`,
          },
        },
      },
    }),
  ],
  [
    'ef grpc metadata',
    spec('EnvoyFilter', {
      v: { grpc_service: { initial_metadata: [{ key: 'authorization', value: 'hunter2' }] } },
    }),
  ],
  ['ef wasm json string', spec('EnvoyFilter', { v: { config: { configuration: `{"k":"hunter2"}` } } })],
  [
    'telemetry',
    spec('Telemetry', { tracing: [{ customTags: { api_key: { literal: { value: 'hunter2' } } } }] }),
  ],
  ['profile plugin', spec('Profile', { plugins: [{ kind: 'AwsIam', spec: { password: 'hunter2' } }] })],
  ['poddefault args', spec('PodDefault', { command: ['run'], args: ['--token', 'hunter2'] })],
  ['poddefault annotations', spec('PodDefault', { annotations: { token: 'hunter2' } })],
  [
    'isvc storage',
    spec('InferenceService', {
      predictor: {
        model: { storage: { parameters: { secret_key: 'hunter2' } }, storageUri: `https://u:hunter2@x/y` },
      },
    }),
  ],
  [
    'isvc annotations',
    {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      metadata: { name: 'x', annotations: { 'a/b': `apiKey: hunter2` } },
      spec: {},
    },
  ],
  [
    'jwks with private in jwksUri',
    spec('RequestAuthentication', { jwtRules: [{ jwksUri: `https://u:hunter2@x/keys?token=hunter2` }] }),
  ],
  [
    'jwks spaces',
    spec('RequestAuthentication', {
      jwtRules: [{ jwks: `  {"keys": [ {"kty":"EC","x":"a","y":"b","d":"hunter2"} ] }` }],
    }),
  ],
  [
    'gateway',
    spec('Gateway', { servers: [{ tls: { privateKey: `-----BEGIN PRIVATE KEY-----\nhunter2` } }] }),
  ],
  [
    'ingress anno',
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        name: 'x',
        annotations: {
          'nginx.ingress.kubernetes.io/auth-url': `https://x/?token=hunter2`,
          'traefik/x': `Authorization: hunter2`,
        },
      },
      spec: {},
    },
  ],
  [
    'service anno',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'x',
        annotations: {
          'external-dns/x': `aws_secret=hunter2`,
          'getambassador.io/config': `---\nheaders: {x-api-key: hunter2}\n`,
        },
      },
      spec: {},
    },
  ],
  [
    'sa anno',
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'x', annotations: { token: 'hunter2' } },
      secrets: [{ name: 'a' }],
    },
  ],
  [
    'finalizers name',
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'x', annotations: { 'openshift.io/requester-password': 'hunter2' } },
    },
  ],
  ['cr', spec('Certificate', { keystores: { jks: { password: 'hunter2' } } })],
  ['anno comment', deployment({}, { note: `password is hunter2` })],
  ['anno sentence', deployment({}, { note: `use token hunter2 to log in` })],
]

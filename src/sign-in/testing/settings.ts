import type { AuthServiceSettings } from '../provider/authservice-settings.ts'
import type { OAuth2ProxySettings } from '../provider/oauth2-proxy-settings.ts'
import { pathPattern, routePattern } from '../settings/path-pattern.ts'

/** As Kubeflow 1.8 sets it. */
export function authServiceSettings(parts: Partial<AuthServiceSettings> = {}): AuthServiceSettings {
  return {
    vintage: 'e236439',
    issuer: 'http://dex.auth.svc.cluster.local:5556/dex',
    authUrl: '/dex/auth',
    clientId: 'kubeflow-oidc-authservice',
    clientSecret: 'secret',
    redirectUrl: '/authservice/oidc/callback',
    scopes: ['openid', 'profile', 'email', 'groups'],
    urlPrefix: '/authservice/',
    skipAuth: ['/dex', '/authservice/'],
    userIdHeader: 'kubeflow-userid',
    userIdPrefix: '',
    userIdClaim: 'email',
    groupsHeader: 'kubeflow-groups',
    groupsClaim: 'groups',
    groupsAllowed: ['*'],
    audiences: ['istio-ingressgateway.istio-system.svc.cluster.local'],
    homepageUrl: '/authservice/site/homepage',
    afterLoginUrl: '',
    afterLogoutUrl: '/authservice/site/after_logout',
    sessionMaxAgeMs: 86_400_000,
    sameSite: 'Lax',
    tokenReview: true,
    idTokens: true,
    ...parts,
  }
}

/** As Kubeflow 1.6 sets it. */
export const oldAuthServiceSettings = () =>
  authServiceSettings({
    vintage: '28c59ef',
    redirectUrl: '/login/oidc',
    skipAuth: ['/dex'],
    homepageUrl: '/',
  })

/** As Kubeflow 26.03 sets it. */
export function oauth2ProxySettings(parts: Partial<OAuth2ProxySettings> = {}): OAuth2ProxySettings {
  return {
    issuer: 'http://dex.auth.svc.cluster.local:5556/dex',
    clientId: 'kubeflow-oidc-authservice',
    clientSecret: 'secret',
    skipDiscovery: true,
    loginUrl: '/dex/auth',
    redeemUrl: 'http://dex.auth.svc.cluster.local:5556/dex/token',
    jwksUrl: 'http://dex.auth.svc.cluster.local:5556/dex/keys',
    redirectUrl: '/oauth2/callback',
    scope: 'profile email groups openid',
    prompt: 'none',
    codeChallenge: 'S256',
    proxyPrefix: '/oauth2',
    providerName: 'Dex',
    skipProviderButton: false,
    forceJsonErrors: false,
    apiRoutes: ['/api/', '/apis/', '^/ml_metadata'].map(pathPattern),
    skipAuthRoutes: [routePattern('^/dex/')],
    skipAuthPreflight: false,
    setAuthorizationHeader: true,
    setXAuthRequest: true,
    passAccessToken: false,
    cookie: {
      name: 'oauth2_proxy_kubeflow',
      path: '/',
      domains: [],
      expireMs: 86_400_000,
      secure: false,
      sameSite: 'Lax',
      csrfExpireMs: 900_000,
    },
    emailDomains: ['*'],
    allowedGroups: [],
    whitelistDomains: [],
    userIdClaim: 'email',
    emailClaim: 'email',
    groupsClaim: 'groups',
    skipJwtBearerTokens: true,
    extraJwtIssuers: [],
    bearerLoginFallback: true,
    ...parts,
  }
}

import { type Html, html } from './html.ts'
import { layout } from './layout.ts'
import { type Language, words } from './words.ts'

/** Several ways to sign in. Clients find them by class and by "Log in with NAME". */
export function chooserPage(
  language: Language,
  issuer: string,
  connectors: readonly { readonly name: string; readonly type: string; readonly href: string }[],
): Html {
  const say = words[language]
  const links = [...connectors]
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(
      ({ name, type, href }) =>
        html`<li><a class="dex-btn theme-btn-provider" href="${href}"><span class="dex-btn-icon dex-btn-icon--${type}"></span><span class="dex-btn-text">Log in with ${name}</span></a></li>
`,
    )
  return layout(
    language,
    say.logInTo(issuer),
    html`<h2 class="theme-heading">${say.logInTo(issuer)}</h2>
<p>${say.chooseHow}</p>
<ul class="methods">
${links}</ul>`,
  )
}

export interface PasswordPage {
  /** Path and query the form goes to. */
  readonly action: string
  /** "Email Address", or what the directory's configuration says. */
  readonly prompt: string
  /** What was typed last time. */
  readonly login?: string
  readonly failure?: 'wrong' | { readonly retryAfter: number }
  /** A path of this issuer, for people who took the wrong connector. */
  readonly back?: string
}

export function passwordPage(language: Language, given: PasswordPage): Html {
  const say = words[language]
  const { prompt, failure, login = '' } = given
  const wrong = failure === 'wrong'
  const translated = say.invalid(prompt)
  const box = failure && [
    html`<div id="login-error" class="dex-error-box" role="alert" aria-live="assertive">
${wrong ? `Invalid ${prompt} and password.` : say.tooMany(failure.retryAfter)}${wrong && translated !== undefined && html`<br>${translated}`}
</div>
`,
  ]
  // Dex's word is what scripts see; the label people read is in their language where it is known.
  const label = language === 'ko' && prompt === 'Email Address' ? '이메일 주소' : prompt
  return layout(
    language,
    say.account,
    html`<h2 class="theme-heading">${say.account}</h2>
<form method="post" action="${given.action}">
${box}<label for="login">${label}</label>
<input required id="login" name="login" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" value="${login}"${focus(!failure)}${invalid(wrong)}>
<label for="password">${say.password}</label>
<input required id="password" name="password" type="password" autocomplete="current-password"${focus(wrong)}${invalid(wrong)}>
<button id="submit-login" type="submit" class="dex-btn theme-btn--primary">${say.logIn}</button>
</form>
${given.back && html`<p class="other theme-link-back"><a href="${given.back}">${say.otherMethod}</a></p>`}`,
  )
}

const focus = (on: boolean) => on && html` autofocus`
const invalid = (on: boolean) => on && html` aria-invalid="true" aria-describedby="login-error"`

export function approvalPage(
  language: Language,
  given: {
    readonly requestId: string
    readonly user: string
    readonly client: string
    readonly scopes: readonly string[]
  },
): Html {
  const say = words[language]
  const asks = given.scopes.flatMap((scope) => say.scopes[scope] ?? []).sort()
  const choice = (approval: 'approve' | 'rejected', look: string, text: string) =>
    html`<form class="choice" method="post">
<input type="hidden" name="req" value="${given.requestId}">
<input type="hidden" name="approval" value="${approval}">
<button type="submit" class="dex-btn ${look}"><span class="dex-btn-text">${text}</span></button>
</form>
`
  return layout(
    language,
    say.grantAccess,
    html`<h2 class="theme-heading">${say.grantAccess}</h2>
<p>${say.signedInAs(given.user)}</p>
<p>${asks.length > 0 ? say.wouldLike(given.client) : say.nothingAsked(given.client)}</p>
${
  asks.length > 0 &&
  html`<ul class="asks">
${asks.map((ask) => html`<li>${ask}</li>\n`)}</ul>`
}
${choice('approve', 'theme-btn--primary', say.grantAccess)}${choice('rejected', 'theme-btn-provider', say.cancel)}`,
  )
}

/** Dex's error page: the status in words, and what went wrong in Dex's own. */
export function errorPage(language: Language, statusText: string, message: string): Html {
  return layout(
    language,
    statusText,
    html`<h2 class="theme-heading">${statusText}</h2>
<p>${message}</p>
<p>${words[language].back}</p>`,
  )
}

export function devicePage(
  language: Language,
  given: { readonly action: string; readonly userCode: string; readonly invalid: boolean },
): Html {
  const say = words[language]
  return layout(
    language,
    say.enterCode,
    html`<h2 class="theme-heading">${say.enterCode}</h2>
<form method="post" action="${given.action}">
${
  given.invalid &&
  html`<div id="login-error" class="dex-error-box" role="alert">
Invalid or Expired User Code${say.badCode !== undefined && html`<br>${say.badCode}`}
</div>
`
}<label for="user_code">${say.codeLabel}</label>
<input required id="user_code" name="user_code" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false" placeholder="XXXX-XXXX" value="${given.userCode}" autofocus${invalid(given.invalid)}>
<button id="submit-login" type="submit" class="dex-btn theme-btn--primary">${say.submit}</button>
</form>`,
  )
}

export function deviceDonePage(language: Language, client: string): Html {
  const say = words[language]
  return layout(
    language,
    say.deviceDone(client),
    html`<h2 class="theme-heading">${say.deviceDone(client)}</h2>
<p>${say.toDevice}</p>`,
  )
}

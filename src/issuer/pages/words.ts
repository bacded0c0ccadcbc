export type Language = 'en' | 'ko'

/**
 * What the pages say. Clients look for some English sentences ("Invalid Email Address and
 * password."), so those stay as Dex words them in every language, with the translation beside them.
 */
export interface Words {
  readonly logInTo: (issuer: string) => string
  readonly chooseHow: string
  readonly account: string
  readonly logIn: string
  readonly password: string
  readonly invalid: (prompt: string) => string | undefined
  readonly otherMethod: string
  readonly grantAccess: string
  readonly wouldLike: (client: string) => string
  readonly nothingAsked: (client: string) => string
  readonly signedInAs: (user: string) => string
  readonly cancel: string
  readonly scopes: Readonly<Record<string, string>>
  readonly tooMany: (seconds: number) => string
  readonly back: string
  readonly enterCode: string
  readonly codeLabel: string
  readonly badCode: string | undefined
  readonly submit: string
  readonly deviceDone: (client: string) => string
  readonly toDevice: string
  readonly localDoor: string
}

const en: Words = {
  logInTo: (issuer) => `Log in to ${issuer}`,
  chooseHow: 'Choose how to sign in.',
  account: 'Log in to Your Account',
  logIn: 'Login',
  password: 'Password',
  invalid: () => undefined,
  otherMethod: 'Select another login method.',
  grantAccess: 'Grant Access',
  wouldLike: (client) => `${client} would like to:`,
  nothingAsked: (client) => `${client} has not requested any personal information`,
  signedInAs: (user) => `Signed in as ${user}`,
  cancel: 'Cancel',
  scopes: {
    offline_access: 'Have offline access',
    profile: 'View basic profile information',
    email: 'View your email address',
    groups: 'View your groups',
  },
  tooMany: (seconds) => `Too many sign-in attempts. Try again in ${seconds} seconds.`,
  back: 'Start again from the page you wanted to open.',
  enterCode: 'Enter User Code',
  codeLabel: 'The code your other device shows',
  badCode: undefined,
  submit: 'Submit',
  deviceDone: (client) => `Login Successful for ${client}`,
  toDevice: 'Return to your device to continue',
  localDoor: 'Served by kfdoor',
}

const ko: Words = {
  logInTo: (issuer) => `${issuer} 로그인`,
  chooseHow: '로그인 방법을 선택하세요.',
  account: '계정에 로그인',
  logIn: '로그인',
  password: '비밀번호',
  invalid: (prompt) =>
    `${prompt === 'Email Address' ? '이메일 주소' : prompt} 또는 비밀번호가 올바르지 않습니다.`,
  otherMethod: '다른 로그인 방법 선택',
  grantAccess: '접근 허용',
  wouldLike: (client) => `${client}에서 다음 권한을 요청합니다:`,
  nothingAsked: (client) => `${client}에서 요청한 개인 정보가 없습니다`,
  signedInAs: (user) => `${user}(으)로 로그인됨`,
  cancel: '취소',
  scopes: {
    offline_access: '오프라인 접근',
    profile: '기본 프로필 정보 보기',
    email: '이메일 주소 보기',
    groups: '소속 그룹 보기',
  },
  tooMany: (seconds) => `로그인 시도가 너무 많습니다. ${seconds}초 후에 다시 시도하세요.`,
  back: '열려던 페이지에서 다시 시작하세요.',
  enterCode: '사용자 코드 입력',
  codeLabel: '다른 기기에 표시된 코드',
  badCode: '코드가 올바르지 않거나 만료되었습니다.',
  submit: '확인',
  deviceDone: (client) => `${client} 로그인 완료`,
  toDevice: '기기로 돌아가 계속하세요',
  localDoor: 'kfdoor 제공',
}

export const words: { readonly [L in Language]: Words } = { en, ko }

/** RFC 9110 §12.5.4, between the two languages there are. */
export function preferredLanguage(acceptLanguage: string | null): Language {
  let [best, weight]: [Language, number] = ['en', 0]
  for (const range of (acceptLanguage ?? '').slice(0, 500).split(',')) {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const q = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1)
    const language = /^(en|ko)(-|$)/.exec(tag)?.[1] as Language | undefined
    if (language && q > weight) [best, weight] = [language, q]
  }
  return best
}

/** What the page says; `header` and `cookie` come as HTML. */
export const words = {
  en: {
    nobody: 'Nobody is signed in',
    asSeen: (header: string, known: boolean) =>
      known
        ? `This is what ${header} told the dashboard when your request arrived.`
        : `The request arrived without ${header}: this door let it in unasked.`,
    namespaces: 'Your namespaces',
    noNamespaces: 'No Profile is yours, and nobody made you a contributor.',
    routes: 'What is routed where',
    noRoutes: 'Nothing else is routed here.',
    path: 'Path',
    host: 'Host',
    destination: 'Goes to',
    answers: 'What answers',
    signOut: 'Sign out',
    bySession: (cookie: string) =>
      `This door ends a session when it is sent to it: put the value of the cookie ${cookie} into SESSION.`,
    footer: 'kfdoor, a local front door of Kubeflow',
  },
  ko: {
    nobody: '로그인하지 않았습니다',
    asSeen: (header: string, known: boolean) =>
      known
        ? `요청이 도착했을 때 ${header} 헤더가 대시보드에 알려 준 사용자입니다.`
        : `요청에 ${header} 헤더가 없습니다. 이 문은 묻지 않고 들여보냈습니다.`,
    namespaces: '내 네임스페이스',
    noNamespaces: '소유한 Profile도, 기여자로 등록된 네임스페이스도 없습니다.',
    routes: '경로가 이어지는 곳',
    noRoutes: '이곳으로 이어지는 다른 경로가 없습니다.',
    path: '경로',
    host: '호스트',
    destination: '목적지',
    answers: '응답하는 것',
    signOut: '로그아웃',
    bySession: (cookie: string) =>
      `이 문은 세션 값을 보내야 세션을 끝냅니다. ${cookie} 쿠키의 값을 SESSION에 넣으세요.`,
    footer: 'kfdoor, 로컬에서 여는 Kubeflow의 문',
  },
} as const

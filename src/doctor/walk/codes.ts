/** What the doctor’s walk reports by itself. Codes are forever. */
export const walkCodes = {
  KFD0301: { title: 'the address cannot be used', severity: 'error' },
  KFD0302: { title: 'the name of the door is not in DNS', severity: 'error' },
  KFD0303: { title: 'nothing listens there', severity: 'error' },
  KFD0304: { title: 'the port speaks plain HTTP, and was asked for TLS', severity: 'error' },
  KFD0305: { title: 'the port speaks TLS, and was asked in plain HTTP', severity: 'error' },
  KFD0306: { title: 'the certificate of the door is not trusted', severity: 'error' },
  KFD0307: { title: 'the certificate ends soon', severity: 'warning' },
  KFD0308: { title: 'the clocks of door and machine differ', severity: 'warning' },
  KFD0309: { title: 'this is no door of Kubeflow', severity: 'error' },
  KFD0310: { title: 'the door asks nobody to sign in', severity: 'error' },
  KFD0311: { title: 'the door refuses strangers and shows no way in', severity: 'warning' },
  KFD0312: { title: 'nothing is kept to sign in with', severity: 'info' },
  KFD0313: { title: 'the door does not take the credential', severity: 'error' },
  KFD0314: { title: 'the door names nobody', severity: 'error' },
  KFD0315: { title: 'the application refuses', severity: 'error' },
  KFD0316: { title: 'Pipelines runs for a single user behind a sign-in', severity: 'warning' },
  KFD0317: { title: 'the CA file cannot be used', severity: 'error' },
  KFD0318: { title: 'the certificate has no subjectAltName', severity: 'error' },
  KFD0319: { title: 'a cookie of the sign-in is lost over plain HTTP', severity: 'error' },
  KFD0320: { title: 'a cookie of the door does not come back', severity: 'error' },
  KFD0321: { title: 'the sign-in comes back to another address', severity: 'error' },
  KFD0322: { title: 'the login page cannot be had', severity: 'error' },
  KFD0323: { title: 'this address is a step of a sign-in that is over', severity: 'warning' },
  KFD0324: { title: 'the same request is let in and refused by turns', severity: 'error' },
  KFD0325: { title: 'the token ends soon, and nothing renews it', severity: 'warning' },
  KFD0326: { title: 'a line of the YAML refused the request', severity: 'info' },
  KFD0327: { title: 'the door answers otherwise than its YAML says', severity: 'warning' },
  KFD0328: { title: 'http is sent on to https: a POST becomes a GET on the way', severity: 'info' },
} as const satisfies Readonly<
  Record<`KFD03${number}`, { title: string; severity: 'error' | 'warning' | 'info' }>
>

export type WalkCode = keyof typeof walkCodes

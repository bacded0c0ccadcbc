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
} as const satisfies Readonly<
  Record<`KFD03${number}`, { title: string; severity: 'error' | 'warning' | 'info' }>
>

export type WalkCode = keyof typeof walkCodes

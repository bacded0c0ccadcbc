/** Somebody else's text, a name in a certificate for example: nothing in it may move a terminal's cursor. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '?')

const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g

/** What is said of a failure: an option that wants a file may have been given the key itself. */
export const sayable = (message: string): string =>
  message.replace(key, '(a private key)').split('\n').map(printable).join('\n')

/** Somebody else's text, a name in a certificate for example: nothing in it may move a terminal's cursor. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '?')

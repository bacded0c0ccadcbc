const words: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'it would lie in what is not a folder',
  ENOSPC: 'no room',
  EDQUOT: 'no room',
  EFBIG: 'no room',
  EISDIR: 'it is a folder',
}

/** Why a file cannot be read or written, in words; what has none here is said as the system says it. */
export function fileTrouble(error: unknown): string {
  const { code = '', message } = error as { readonly code?: string; readonly message?: string }
  return words[code] ?? message ?? String(error)
}

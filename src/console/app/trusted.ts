interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown
}

/** The page's policy lets scripts come from the page's own assets only, workers included. */
function trustOwnScripts(): void {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes }
  trustedTypes?.createPolicy('default', {
    createScriptURL: (url) => {
      const { origin, pathname } = new URL(url, location.href)
      if (origin === location.origin && pathname.startsWith('/assets/')) return url
      throw new TypeError('a script of somebody else')
    },
  })
}

// Before any worker is made: other modules make theirs as they are loaded.
trustOwnScripts()

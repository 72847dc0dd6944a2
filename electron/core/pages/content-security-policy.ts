/** What every page may load and do; `connect-src` names the WebSocket's origins too, for older browsers. */
export const contentSecurityPolicy = (socketOrigins: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    ['connect-src', "'self'", ...socketOrigins].join(' '),
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types mooring-worker',
  ].join('; ')

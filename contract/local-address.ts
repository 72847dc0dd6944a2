/** An address as programs write it, brackets around IPv6: `127.0.0.1:8080`, `[::1]:8080`. */
export const addressOf = (bind: string, port: number | string): string =>
  `${bind.includes(':') ? `[${bind}]` : bind}:${port}`

/** True for an address that other machines can reach. */
export const isExposed = (bind: string): boolean => !/^127\.|^::1$/.test(bind)

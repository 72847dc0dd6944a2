/** The text as a sentence begins. */
export const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

/** The text as a whole sentence; one that begins with a host, an address or a quoted name keeps its beginning. */
export const sentence = (text: string): string =>
  text === '' || /[.?!…]$/.test(text) ? text : `${/^[a-z'-]+([,;:]? |$)/.test(text) ? capital(text) : text}.`

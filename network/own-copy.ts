/**
 * The same text with bytes of its own. V8 cuts a piece out of a text by pointing into it, so a host that is kept for words
 * keeps the address it came from in memory, password and all.
 */
export const ownCopy = (text: string): string => Buffer.from(text, 'utf8').toString('utf8')

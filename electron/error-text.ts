import type { AppError } from '../contract/errors.ts'

/** An error as a terminal shows it: what and why in the first line, what to do in the second. */
export const errorText = ({ message, cause, next }: AppError): string =>
  `${message}${cause === undefined ? '' : ` ${cause}`}\n${next}`

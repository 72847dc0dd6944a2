import { appError, type AppError } from '../../../contract/errors.ts'

/** What the vault answers when it cannot do what it was asked; each says what to do. */
export const vaultErrors = {
  locked: (): AppError =>
    appError('vault-locked', 'The vault is locked.', 'Unlock it in Mooring; what waits goes on by itself.'),

  notSetUp: (): AppError =>
    appError(
      'vault-not-set-up',
      'The vault is not set up.',
      'Open Mooring and choose what protects credentials: the keychain, a passphrase, or this session only.',
    ),

  alreadySetUp: (): AppError =>
    appError('vault-already-set-up', 'The vault is set up already.', 'Change what opens it in Settings.'),

  undecryptable: (cause: string): AppError =>
    appError(
      'vault-undecryptable',
      'The stored credentials cannot be decrypted.',
      'Restore the keychain that holds their key, or the data folder that belongs to it, then unlock; nothing was changed. If the key is lost for good, set up a new vault and add the credentials again.',
      { cause },
    ),

  /** The vault is open, and this value does not open with its key. */
  foreignValue: (cause: string): AppError =>
    appError(
      'vault-undecryptable',
      'A stored value cannot be decrypted: it belongs to a vault that is gone, or it is damaged.',
      'Replace it: the credentials of a cluster on its Credentials tab.',
      { cause },
    ),

  damagedValue: (table: string, rowId: string): AppError =>
    appError(
      'vault-undecryptable',
      'A stored value cannot be decrypted, so the key was not changed.',
      'Remove what it belongs to (a cluster, an allowed command), or replace the credentials; then change the key.',
      { cause: `The value in ${table} of ${rowId} is damaged.`, details: { table, rowId } },
    ),

  wrongPassphrase: (): AppError =>
    appError('wrong-passphrase', 'The passphrase is wrong.', 'Try again; nothing was changed.'),

  passphraseMissing: (): AppError =>
    appError('wrong-passphrase', 'The vault opens with a passphrase, and none was given.', 'Give the passphrase.'),

  newPassphraseMissing: (least: number): AppError =>
    appError(
      'weak-passphrase',
      'A vault is to be opened with a passphrase, and none was given.',
      `Give one of at least ${least} characters; a host takes it with --passphrase-fd or from MOORING_PASSPHRASE.`,
    ),

  weakPassphrase: (least: number): AppError =>
    appError('weak-passphrase', `A passphrase needs at least ${least} characters.`, 'Choose a longer one.'),

  keychainUnavailable: ({ reason, detail }: { reason: string; detail?: string }): AppError =>
    appError(
      'keychain-unavailable',
      "The system's keychain cannot be used.",
      'Unlock it or start its service, or choose a passphrase.',
      { cause: reason, ...(detail === undefined ? {} : { details: { keychain: detail } }) },
    ),
} as const

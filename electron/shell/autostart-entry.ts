/**
 * One word of an Exec line, quoted as the Desktop Entry Specification asks: in double quotes, with `"`, a backtick, `$`
 * and the backslash escaped; the file format escapes backslashes once more, and `%` starts a field code.
 */
const execWord = (word: string): string =>
  `"${word
    .replace(/["`$\\]/g, '\\$&')
    .replaceAll('\\', '\\\\')
    .replaceAll('%', '%%')}"`

/** The autostart entry of the freedesktop specification that runs this command at login. */
export function autostartEntry(command: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Mooring',
    'Comment=Keeps port-forwards alive',
    `Exec=${command.map(execWord).join(' ')}`,
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n')
}

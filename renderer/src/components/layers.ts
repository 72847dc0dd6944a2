/** A message in the corner is called a dialog too, but one that leaves the page to itself. */
const dialogs = '[role="dialog"]:not([aria-modal="false"]), [role="alertdialog"]:not([aria-modal="false"])'

/** True while a dialog, or a list with a field of its own, lies above the page and takes its keys. */
export const dialogIsOpen = (): boolean => document.querySelector(dialogs) !== null

/** True while anything above the page has the use of Esc: a dialog, a menu, a list of suggestions. */
export const layerIsOpen = (): boolean =>
  dialogIsOpen() || document.querySelector('[role="menu"], [role="listbox"]') !== null

/*
 * An element with an `id` or a `name` becomes a member of `window`, and some of `document` too, before what both inherit. A page whose users may
 * write markup has such elements, so the loader takes what it needs from where no element can stand.
 */

/** A member of the document, whatever elements are named like it. */
export function ofDocument<Key extends 'createElement' | 'currentScript' | 'head' | 'hidden' | 'readyState'>(
  key: Key,
): Document[Key] {
  return Reflect.get(Document.prototype, key, document);
}

/** Listens on the window. */
export function onWindow(moment: string, heard: () => void): void {
  EventTarget.prototype.addEventListener.call(window, moment, heard);
}

/** A global that a script has set; an element of that name counts for none. */
export function ofScripts<Key extends 'contactBridge' | 'MaiAgent'>(key: Key): Window[Key] {
  return Object.getOwnPropertyDescriptor(window, key)?.value as Window[Key];
}

/*
 * An element with an `id` or a `name` becomes a member of `window`, and some of `document` too, before what both inherit. A page whose users may
 * write markup has such elements, so the loader takes what it needs from where no element can stand.
 */

/** A member of the document, whatever elements are named like it. */
export function ofDocument<Key extends keyof Document>(key: Key): Document[Key] {
  return Reflect.get(Document.prototype, key, document);
}

/** Listens on the window, to what comes up from the document as well. */
export function onWindow<Moment extends keyof (WindowEventMap & DocumentEventMap)>(
  heard: (event: (WindowEventMap & DocumentEventMap)[Moment]) => unknown,
  ...moments: Moment[]
): void {
  for (const moment of moments) EventTarget.prototype.addEventListener.call(window, moment, heard as EventListener);
}

/** A global that a script has set; an element of that name counts for none. */
export function ofScripts<Key extends 'contactBridge' | 'MaiAgent'>(key: Key): Window[Key] {
  return Object.getOwnPropertyDescriptor(window, key)?.value as Window[Key];
}

/** Whether a field of the page that can be seen holds what somebody typed and has not sent. A box without a value of its own says `on`. */
export function holdsSomethingTyped(): boolean {
  const texts = 'input:not([type=color],[type=range]),textarea,[contenteditable]:not([contenteditable=false])';
  const fields = ofDocument('querySelectorAll').call(document, texts);
  return ([...fields] as Partial<HTMLInputElement & HTMLElement>[]).some(
    (one) =>
      one.getClientRects!()[0] &&
      (![one.defaultValue ?? '', 'on'].includes((one.value ?? one.textContent)!) || one.checked !== one.defaultChecked),
  );
}

/** Where an address leads, without its path. Throws where it is none. */
export const originOf = (url: string): string => new URL(url).origin;

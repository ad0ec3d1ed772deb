/** The contact of a link, and whether it had a conversation when somebody looked (ms since 1970): for previews of broadcasts, and no decision. */
export interface WithContact {
  readonly contactId?: string;
  readonly conversed?: { readonly contactId: string; readonly has: boolean; readonly at: number };
}

/** What is known of the conversations of this contact, and not of an earlier one. `undefined` where nobody has looked. */
export const conversedOf = ({ contactId, conversed }: WithContact): WithContact['conversed'] =>
  conversed?.contactId === contactId ? conversed : undefined;

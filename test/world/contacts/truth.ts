/** One document about a user: what a store, the back end or the token says. Versions grow in the order in which things happened. */
export interface Doc {
  readonly by: 'generic' | 'api' | 'token';
  readonly kind: 'created' | 'updated' | 'disabled' | 'enabled' | 'deleted';
  readonly version: number;
  readonly person?: SamplePerson;
  /** What a back end says of the standing beside the fields. */
  readonly status?: 'disabled';
}

export interface SamplePerson {
  readonly name: string;
  readonly email: string;
  readonly role: 'staff' | 'partner' | 'nobody';
}

/** What MaiAgent has to have of a user. */
export interface Truth {
  readonly accountStatus: 'active' | 'disabled' | 'deleted';
  readonly name: string;
  readonly email: string;
  readonly permissions: unknown;
}

const base = (digit: string) => `c0a80101-0000-4000-8000-0000000000${digit.repeat(2)}`;

/** The sample deployment's permissions in MaiAgent's words, spelled out here once more. */
export const permissionsOf: Readonly<Record<SamplePerson['role'], unknown>> = {
  staff: { knowledge_bases: [{ knowledge_base_id: base('1'), has_user_selected_all: 'True' }] },
  partner: {
    knowledge_bases: [{ knowledge_base_id: base('7'), faq_ids: [base('8')], has_user_selected_all: 'False' }],
  },
  nobody: { knowledge_bases: [{ knowledge_base_id: base('0'), has_user_selected_all: 'True' }] },
};

/** The same under the settings of a deployment: every second one gives staff what nobody in particular has. */
export const permissionsUnder = (deployment: number, permissions: unknown): unknown =>
  deployment % 2 === 0 && permissions === permissionsOf.staff ? permissionsOf.nobody : permissions;

/** What is left of a contact that MaiAgent refuses to delete. */
export const shell = { name: '匿名', email: '', permissions: permissionsOf.nobody };

/**
 * What is true after these documents, in whatever order they arrived (design §7), written without a look at how the bridge does
 * it: the documents of each source in the order of their versions, each one simply believed. Undefined: nobody spoke.
 */
export function truthOf(docs: readonly Doc[]): Truth | undefined {
  if (docs.length === 0) return undefined;
  const [generic, api, token] = (['generic', 'api', 'token'] as const).map((by) => {
    const own = docs.filter((one) => one.by === by);
    return own.length > 0 ? word(own) : undefined;
  });
  const lives = [generic?.accountStatus, api?.accountStatus];
  const accountStatus = lives.includes('deleted') ? 'deleted' : lives.includes('disabled') ? 'disabled' : 'active';
  if (accountStatus === 'deleted') return { accountStatus, ...shell };
  // The strongest who spoke is believed alone: where it has not told the fields, nobody knows them.
  const person = (generic ?? api ?? token)?.person;
  const role = accountStatus === 'active' ? (person?.role ?? 'nobody') : 'nobody';
  return {
    accountStatus,
    name: person?.name ?? shell.name,
    email: person?.email ?? '',
    permissions: permissionsOf[role],
  };
}

function word(docs: readonly Doc[]): { accountStatus: Truth['accountStatus']; person: SamplePerson | undefined } {
  let accountStatus: Truth['accountStatus'] = 'active';
  let person: SamplePerson | undefined;
  for (const doc of docs.toSorted((a, b) => a.version - b.version)) {
    if (doc.kind === 'deleted') [accountStatus, person] = ['deleted', undefined];
    else if (doc.kind === 'created') [accountStatus, person] = [doc.status ?? 'active', doc.person];
    else if (accountStatus !== 'deleted') {
      person = doc.person ?? person;
      if (doc.kind === 'disabled') accountStatus = 'disabled';
      else if (doc.kind === 'enabled') accountStatus = 'active';
      else accountStatus = doc.status ?? accountStatus;
    }
  }
  return { accountStatus, person };
}

/** What may be true when some documents were accepted for certain and of others nobody knows. */
export function possibleTruths(accepted: readonly Doc[], unsure: readonly Doc[]): (Truth | undefined)[] {
  const subsets = unsure.reduce<Doc[][]>((all, doc) => [...all, ...all.map((one) => [...one, doc])], [[]]);
  return subsets.map((subset) => truthOf([...accepted, ...subset]));
}

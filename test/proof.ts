/**
 * Where the tests lie whose size `SCOPE` decides: `npm run prove` runs these folders at full size. Every other test tries the same at
 * every scope, so `npm test` has run it already.
 */
export const sizedFolders = [
  'world',
  'model',
  'journey',
  'changes',
  'contacts',
  'fuzz',
  'rules',
  'runner',
  'bulk',
  'scim',
  'browser',
] as const;

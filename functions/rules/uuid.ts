const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The UUID in a value that anybody may have sent, of any version and in lower case, so that equal ids are equal texts; or `undefined`. */
export const uuidOf = (value: unknown): string | undefined =>
  typeof value === 'string' && uuid.test(value) ? value.toLowerCase() : undefined;

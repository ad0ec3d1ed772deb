/** A name of MaiAgent's in its other spelling: `phoneNumber` as `phone_number`. */
export const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

import type { SourceDeclaration } from '../sources/source.ts';
import type { ScimSource } from './source.ts';

/** A directory that writes its users and groups here, and sends no events. */
export const isDirectory = (source: SourceDeclaration): source is ScimSource => source.kind === 'scim';

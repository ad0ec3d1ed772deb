import { install } from './bridge.ts';

// What a page loads by a script tag.
install();

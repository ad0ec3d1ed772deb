import { en } from './texts/en.js';
import { ja } from './texts/ja.js';
import { zhHant } from './texts/zh-Hant.js';

const texts = { en, ja, 'zh-Hant': zhHant };

/** The languages that there are, with their names in themselves. */
export const languages = { en: 'English', ja: '日本語', 'zh-Hant': '繁體中文' };

/** The one that was chosen here, else the browser's, else English. Any Chinese is the one that there is. */
export const language =
  [
    localStorage.getItem('language'),
    ...navigator.languages.map((one) => (one.startsWith('zh') ? 'zh-Hant' : one.slice(0, 2))),
  ].find((one) => one in languages) ?? 'en';

/** A text in that language. */
export function text(key, ...given) {
  const found = texts[language][key];
  return typeof found === 'function' ? found(...given) : found;
}

/** Says the page's own elements in that language. */
export function translate() {
  document.documentElement.lang = language;
  document.title = text('title');
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = text(element.dataset.text);
}

/** A time of day in that language; nothing for what is none. */
export function timeOf(value) {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return undefined;
  const time = document.createElement('time');
  time.dateTime = date.toISOString();
  time.textContent = date.toLocaleTimeString(language);
  return time;
}

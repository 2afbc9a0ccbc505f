// Times as people read them, in the page's language and the device's zone. Each gives a function, so
// that a text with it is right again after the language was changed.

import { languageNow } from './text.mjs';

// The person's own way of writing the language: en-GB and en-US write dates differently.
const locale = () =>
    navigator.languages.find((one) => one.split('-')[0] === languageNow()) ?? languageNow();

// A moment, from Unix seconds.
export const moment = (seconds) => () =>
    new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' })
        .format(new Date(seconds * 1000));

const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];

// A span in its largest fitting unit, from seconds: "6 days", "10 minutes".
export const span = (seconds) => () => {
    const whole = Math.max(1, Math.round(seconds));
    const [unit, size] = units.find(([, s]) => whole >= s);
    return new Intl.NumberFormat(languageNow(), { style: 'unit', unit, unitDisplay: 'long' })
        .format(unit === 'day' || unit === 'hour' ? Math.floor(whole / size)
            : Math.round(whole / size));
};

// Sizes in bytes, as people read them.

import { languageNow } from './text.mjs';

// "63.7 KB": 1 KB is 1000 bytes, as browsers and file managers count.
export const bytes = (count) => () => {
    const [unit, size] = count < 1000 ? ['byte', 1] : count < 1e6 ? ['kilobyte', 1e3] : ['megabyte', 1e6];
    return new Intl.NumberFormat(languageNow(), {
        style: 'unit',
        unit,
        unitDisplay: 'short',
        maximumFractionDigits: 1,
    }).format(Math.floor(count / size * 10) / 10);
};

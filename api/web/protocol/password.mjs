// A password as `handoff send --generate` makes it: characters that people can tell apart, at least
// one of each class.

import sodium from './sodium.mjs';

const classes = [
    'ABCDEFGHJKLMNPQRSTUVWXYZ',
    'abcdefghijkmnpqrstuvwxyz',
    '23456789',
    '!#%*+-=?@_',
];
const characters = classes.join('');

const draw = (length) =>
    Array.from({ length }, () => characters[sodium.randombytes_uniform(characters.length)]);

export function makePassword(length = 20) {
    if (length < classes.length)
        throw new RangeError('too short to hold a character of each class');
    // Drawn again as a whole, not mended: so all outcomes stay equally likely.
    for (;;) {
        const drawn = draw(length);
        if (classes.every((one) => drawn.some((character) => one.includes(character))))
            return drawn.join('');
    }
}

// A QR code as SVG, drawn by the browser: the link is in no request.

import { generate } from 'lean-qr';

const space = 'http://www.w3.org/2000/svg';
const border = 4; // modules, as ISO/IEC 18004 wants it

// An <svg> of the text. It is an image for the eye; its label is the caller's.
export function qrCode(text) {
    const code = generate(text);
    const size = code.size + 2 * border;
    const svg = document.createElementNS(space, 'svg');
    const path = document.createElementNS(space, 'path');
    let runs = '';
    for (let y = 0; y < code.size; y++)
        for (let x = 0; x < code.size; x++)
            if (code.get(x, y))
                runs += `M${x + border} ${y + border}h1v1h-1z`;
    path.setAttribute('d', runs);
    svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
    svg.setAttribute('shape-rendering', 'crispEdges');
    svg.setAttribute('role', 'img');
    svg.setAttribute('class', 'qr');
    svg.append(path);
    return svg;
}

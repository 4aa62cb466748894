// The QR code of a link, drawn in the page: nobody else sees the link, and no image is loaded.

import { generate } from "./vendor/lean-qr-2.7.4.nano.js";

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 4; // modules of white around the code, as the standard asks

function pathOf(code) {
  let path = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) path += `M${x} ${y}h1v1h-1z`;
  }
  return path;
}

/** @param {string} text @param {HTMLElement} place with the picture's description in data-label */
export function draw(text, place) {
  const code = generate(text, { minCorrectionLevel: 1 });
  const picture = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  const side = code.size + 2 * QUIET;
  picture.setAttribute("viewBox", `${-QUIET} ${-QUIET} ${side} ${side}`);
  picture.setAttribute("class", "qr");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", place.dataset.label);
  picture.setAttribute("shape-rendering", "crispEdges");
  path.setAttribute("d", pathOf(code));
  path.setAttribute("fill", "#000000");
  picture.append(path);
  place.replaceChildren(picture);
}

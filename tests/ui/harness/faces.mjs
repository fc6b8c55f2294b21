// Portraits for the mock: drawn ones, so that nothing needs to be fetched; STASHAI_PORTRAITS names a folder with photographs
// (obama.jpg, obama2.jpg, biden.jpg …) for screenshots that look like the real thing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.STASHAI_PORTRAITS;
const PALETTES = { jane: ["#8fb3a3", "#e8b894", "#5b3a29"], jane2: ["#a3a88f", "#e8b894", "#5b3a29"], ann: ["#9aa7c7", "#f0c9a8", "#c9974e"], ann2: ["#7d8fb5", "#f0c9a8", "#c9974e"], tom: ["#b59a8f", "#a97855", "#1f1a17"], nobody: ["#8f8f9f", "#d9a47e", "#6b6b6b"] };
const PHOTOS = { jane: "obama.jpg", jane2: "obama2.jpg", ann: "biden.jpg", ann2: "biden.jpg", tom: "obama_partial_face.jpg", nobody: "lin-manuel-miranda.png" };

export function portrait(name) {
  const photo = folder && PHOTOS[name] && join(folder, PHOTOS[name]);
  if (photo && existsSync(photo)) return `data:image/jpeg;base64,${readFileSync(photo).toString("base64")}`;
  return `data:image/svg+xml;base64,${Buffer.from(drawn(name)).toString("base64")}`;
}

function drawn(name, size = 160) {
  const [back, skin, hair] = PALETTES[name] ?? PALETTES.nobody;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 160 160"><rect width="160" height="160" fill="${back}"/>
<path d="M30 160c0-30 22-44 50-44s50 14 50 44z" fill="${hair}" opacity=".6"/><rect x="66" y="96" width="28" height="34" rx="12" fill="${skin}"/>
<ellipse cx="80" cy="70" rx="40" ry="46" fill="${hair}"/><ellipse cx="80" cy="78" rx="31" ry="38" fill="${skin}"/>
<circle cx="68" cy="74" r="3.6" fill="#222"/><circle cx="92" cy="74" r="3.6" fill="#222"/><path d="M68 94q12 9 24 0" stroke="#722" stroke-width="3" fill="none" stroke-linecap="round"/></svg>`;
}

/** A frame of 1280 × 720 with two people; their boxes are those of the mock's results. */
export function frame() {
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="1280" height="720"><defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="#4a5a66"/><stop offset="1" stop-color="#2b3238"/></linearGradient></defs><rect width="1280" height="720" fill="url(#g)"/>
<image href="${portrait("jane")}" x="220" y="160" width="320" height="320" preserveAspectRatio="xMidYMid slice"/><image href="${portrait("ann")}" x="760" y="200" width="300" height="300" preserveAspectRatio="xMidYMid slice"/></svg>`;
}

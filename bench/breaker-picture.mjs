// Draws two lines over time as a small SVG that is readable on light and dark ground. Knows nothing of calls.

const WIDTH = 720;
const HEIGHT = 280;
const LEFT = 56;
const RIGHT = 12;
const TOP = 34;
const BOTTOM = 40;

const STYLE = `
text{font:12px system-ui,sans-serif;fill:#57606a}
.axis,.grid{stroke:#8c959f;stroke-width:1;opacity:.35}
.band{fill:#cf222e;opacity:.09}
.with,.without{fill:none;stroke-width:2.5;stroke-linejoin:round}
.with{stroke:#0969da}.without{stroke:#bc4c00;stroke-dasharray:6 3}
.label-with{fill:#0969da;font-weight:600}.label-without{fill:#bc4c00;font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.with{stroke:#4493f8}.without{stroke:#f0883e}
.label-with{fill:#4493f8}.label-without{fill:#f0883e}.band{fill:#f85149;opacity:.16}}`.replaceAll('\n', '');

/**
 * @param lines each { kind: 'with' | 'without', label, points: [seconds, value][] }
 * @param band [from, to] in seconds, with its label
 */
export function drawPicture({ title, lines, band, bandLabel, endS, unit }) {
  const most = niceMost(Math.max(...lines.flatMap(({ points }) => points.map(([, value]) => value))));
  const x = (seconds) => round(LEFT + (seconds / endS) * (WIDTH - LEFT - RIGHT));
  const y = (value) => round(HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM));
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * most);
  const seconds = Array.from({ length: Math.floor(endS / 5) + 1 }, (_, index) => index * 5);
  const path = (points) =>
    points.map(([at, value], index) => `${index === 0 ? 'M' : 'L'}${x(at)} ${y(value)}`).join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="band" x="${x(band[0])}" y="${TOP}" width="${round(x(band[1]) - x(band[0]))}" height="${HEIGHT - TOP - BOTTOM}"/>`,
    `<text x="${round((x(band[0]) + x(band[1])) / 2)}" y="${TOP + 14}" text-anchor="middle">${escapeText(bandLabel)}</text>`,
    ...marks.map(
      (value) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/><text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${Math.round(value)}</text>`,
    ),
    ...seconds.map((at) => `<text x="${x(at)}" y="${HEIGHT - BOTTOM + 17}" text-anchor="middle">${at} s</text>`),
    `<text x="4" y="14">${escapeText(unit)}</text>`,
    ...lines.map(({ kind, points }) => `<path class="${kind}" d="${path(points)}"/>`),
    ...lines.map(
      ({ kind, label }, index) =>
        `<text class="label-${kind}" x="${LEFT + 260 * index}" y="${HEIGHT - 6}">${kind === 'with' ? '━' : '╍'} ${escapeText(label)}</text>`,
    ),
    '</svg>\n',
  ].join('\n');
}

function niceMost(value) {
  const step = 10 ** Math.floor(Math.log10(value));
  return Math.ceil(value / step) * step;
}

const round = (value) => Math.round(value * 10) / 10;
const escapeText = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

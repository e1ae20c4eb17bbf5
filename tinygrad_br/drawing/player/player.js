/* The player of a recorded training: one story, one moment of it at a time. */

const story = JSON.parse(document.getElementById("story").textContent);
const byId = (id) => document.getElementById(id);

const texts = {
  en: {
    other: "Português",
    theme: "Light / dark",
    controls: "Playback",
    back: "One frame back",
    forward: "One frame forward",
    slider: "Frame of the training",
    play: "▶ Play",
    pause: "❚❚ Pause",
    network: "The network",
    positive: "positive weight",
    negative: "negative weight",
    active: "active neuron",
    above: "above 0",
    below: "below 0",
    inside: "numbers: values of inputs, biases of neurons",
    loss: "Loss: each step (thin) and on average (bold)",
    plane: "What the network says of each point",
    graph: "The computation of one example, forward and back",
    moment: "Moment of the computation",
    partial: "gradient",
    slope:
      "local derivative: the gradient is multiplied by it on its way back; between arrays, from the least to the greatest",
    keys: "Keys: space plays, ← and → step, Home and End jump, G plays the computation. Tap or click a box or a neuron to read its numbers.",
    input: "input",
    hidden: "hidden",
    output: "output",
    step: "step",
    epoch: "epoch",
    lossNow: "loss",
    value: "value",
    bias: "bias",
    weight: "weight",
    gradient: "gradient",
    start: "Nothing is computed yet.",
    forwardPass: "Forward: ",
    backwardPass: "Back: ",
    done: "All values and all gradients are known.",
    words: {},
  },
  pt: {
    other: "English",
    theme: "Claro / escuro",
    controls: "Reprodução",
    back: "Um quadro para trás",
    forward: "Um quadro para a frente",
    slider: "Quadro do treinamento",
    play: "▶ Reproduzir",
    pause: "❚❚ Pausar",
    network: "A rede",
    positive: "peso positivo",
    negative: "peso negativo",
    active: "neurônio ativo",
    above: "acima de 0",
    below: "abaixo de 0",
    inside: "números: valores das entradas, vieses dos neurônios",
    loss: "Perda: a cada passo (fina) e em média (grossa)",
    plane: "O que a rede diz de cada ponto",
    graph: "O cálculo de um exemplo, ida e volta",
    moment: "Momento do cálculo",
    partial: "gradiente",
    slope: "derivada local: na volta, o gradiente é multiplicado por ela; entre vetores ou matrizes, da menor à maior",
    keys: "Teclas: espaço reproduz, ← e → avançam um quadro, Home e End saltam, G reproduz o cálculo. Toque ou clique numa caixa ou num neurônio para ler seus números.",
    input: "entrada",
    hidden: "oculta",
    output: "saída",
    step: "passo",
    epoch: "época",
    lossNow: "perda",
    value: "valor",
    bias: "viés",
    weight: "peso",
    gradient: "gradiente",
    start: "Nada foi calculado ainda.",
    forwardPass: "Ida: ",
    backwardPass: "Volta: ",
    done: "Todos os valores e todos os gradientes são conhecidos.",
    words: { layer: "camada", neuron: "neurônio", weights: "pesos", biases: "vieses", bias: "viés" },
  },
};

const moments = 2 * story.graph.nodes.length; /* every node once forward, once back */
const first = Number(location.hash.slice(1)) || 0; /* training.html#40 opens at frame 40 */
const state = { frame: first, playing: 0, language: "en", moment: moments, flowing: 0 };
const say = (key) => texts[state.language][key];
const named = (name) => name.replace(/\b(layer|neuron|weights|biases|bias)\b/g, (word) => say("words")[word] || word);

/* -- small helpers ------------------------------------------------------------------------------------------- */

const format = (x, digits = 3) => (x === null || x === undefined ? "NaN" : String(Number(x.toPrecision(digits))));
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const largest = (numbers) => numbers.reduce((most, x) => Math.max(most, Math.abs(x || 0)), 0) || 1;
const parts = (name) =>
  colour(name)
    .match(/[0-9a-f]{2}/gi)
    .map((part) => parseInt(part, 16));
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/* So much of a colour on paper, as three numbers; and a colour for text upon it. */
function blend(name, share) {
  const [paper, paint] = [parts("--paper"), parts(name)];
  return paper.map((from, c) => Math.round(from + (paint[c] - from) * share));
}
const css = (rgb) => `rgb(${rgb.join()})`;
const inkOn = ([r, g, b]) => (0.3 * r + 0.59 * g + 0.11 * b > 125 ? "#1f2933" : "#ffffff");

const cut = (text, longest) => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);

/* A number in a circle: at most five letters. */
function brief(x) {
  if (x === null) return "NaN";
  const size = Math.abs(x);
  return size >= 10000
    ? x.toExponential(0).replace("+", "")
    : String(Number(x.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)));
}

function shape(parent, name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function label(parent, x, y, text, attributes = {}) {
  return shape(parent, "text", { x, y, "font-size": 11, "text-anchor": "middle", ...attributes }, text);
}

function hint(element, text) {
  shape(element, "title", {}, text);
  return element;
}

/* An empty picture of so many pixels. */
function sheet(id, width, height) {
  const svg = byId(id);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  return svg;
}

/* How wide a picture in a panel may be. */
function room(panel) {
  const style = getComputedStyle(byId(panel));
  return Math.max(240, byId(panel).clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
}

/* -- the network --------------------------------------------------------------------------------------------- */

function rowsOf(layer) {
  const gap = layer.shown.length < layer.count ? 1 : 0;
  const half = Math.ceil(layer.shown.length / 2);
  return { total: layer.shown.length + gap, at: (k) => k + (gap && k >= half ? 1 : 0), gap, half };
}

function drawNetwork(frame) {
  const layers = story.layers;
  const available = room("network-panel");
  const small = available < 500;
  const told = outputTexts(frame.acts[layers.length - 1]);
  const widest = Math.max(...told.flat().map((text) => text.length));
  const [row, radius, side] = small ? [36, 14, 52] : [42, 16, 110];
  const [left, right] = [(story.input ? side + 10 : 0) + (small ? 24 : 38), radius + 12 + 6.7 * widest];
  const across = Math.min(190, Math.max(44, (available - left - right) / Math.max(layers.length - 1, 1)));
  const most = Math.max(...layers.map((layer) => rowsOf(layer).total));
  const svg = sheet("network", Math.floor(left + (layers.length - 1) * across + right), 48 + most * row);
  svg.setAttribute(
    "aria-label",
    `${say("network")}: ${say("output")} ${told.map((pair) => pair.join(" ")).join("; ")}`,
  );
  const place = (i, k) => {
    const rows = rowsOf(layers[i]);
    return [left + i * across, 42 + ((most - rows.total) / 2 + rows.at(k) + 0.5) * row];
  };
  frame.layers.forEach((layer, i) => {
    const scale = largest(layer.w.flat());
    layer.w.forEach((weights, a) => {
      weights.forEach((weight, b) => {
        const [[x1, y1], [x2, y2]] = [place(i, a), place(i + 1, b)];
        const share = Math.abs(weight || 0) / scale;
        const stroke = `var(${weight < 0 ? "--negative" : "--positive"})`;
        const pen = { stroke, "stroke-width": 0.4 + 2.8 * share, "stroke-opacity": 0.15 + 0.7 * share };
        const line = shape(svg, "line", { x1, y1, x2, y2, ...pen });
        const gradient = layer.g ? `, ${say("gradient")} ${format(layer.g[a][b])}` : "";
        hint(line, `${say("weight")} ${format(weight)}${gradient}`);
      });
    });
  });
  layers.forEach((_, i) => {
    drawLayer(svg, frame, i, (k) => place(i, k), radius, told);
  });
  if (story.input) {
    svg.append(picture(story.input, side / 2 + 4, 42 + (most * row) / 2, side, false));
  }
}

function drawLayer(svg, frame, i, place, radius, told) {
  const layer = story.layers[i];
  const last = i === story.layers.length - 1;
  const name = i === 0 ? say("input") : last ? say("output") : `${say("hidden")} ${i}`;
  label(svg, place(0)[0], 14, name, { "font-weight": 600, "font-size": radius < 16 ? 10.5 : 13 });
  label(svg, place(0)[0], 29, String(layer.count), { class: "faint" });
  const active = frame.acts[i] || layer.shown.map(() => 0);
  const scale = largest(active);
  const strongest = active.length > 1 ? active.indexOf(Math.max(...active)) : 0;
  const pictures = i === 1 && frame.layers[0].pictures;
  layer.shown.forEach((_, k) => {
    const [cx, cy] = place(k);
    const mixed = blend(active[k] < 0 ? "--negative" : "--glow", (0.85 * Math.abs(active[k] || 0)) / scale);
    const won = last && k === strongest;
    const group = shape(svg, "g", {});
    const pen = { stroke: `var(${won ? "--accent" : "--line"})`, "stroke-width": won ? 3 : 1.2 };
    const circle = shape(group, "circle", { cx, cy, r: radius, ...pen });
    circle.style.fill = css(mixed);
    const bias = i > 0 && frame.layers[i - 1].b ? frame.layers[i - 1].b[k] : undefined;
    const number = bias === undefined ? "" : `, ${say("bias")} ${format(bias)}`;
    hint(group, `${name}, ${layer.shown[k] + 1}: ${say("value")} ${format(active[k])}${number}`);
    if (pictures) {
      group.append(picture(decoded(pictures[k]), cx, cy, 2 * radius - 4, true));
      const share = Math.abs(active[k] || 0) / scale;
      if (share > 0.1) circle.style.stroke = css(mixed);
      circle.setAttribute("stroke-width", 1.2 + 3 * share);
    } else if (i > 0 ? bias !== undefined : !story.input) {
      const text = label(group, cx, cy + 3.5, brief(i > 0 ? bias : active[k]), { "font-size": 9.5 });
      text.style.fill = inkOn(mixed);
    }
    if (last && told[k]) {
      const style = { "text-anchor": "start", "font-size": 12, "font-weight": won ? 700 : 400 };
      const lines = told[k];
      lines.forEach((text, n) => {
        const height = cy + 4 + 14 * (n - (lines.length - 1) / 2);
        const written = label(
          svg,
          cx + radius + 8,
          height,
          text,
          n ? { ...style, class: "faint", "font-weight": 400 } : style,
        );
        if (won && !n) written.style.fill = "var(--accent)";
      });
    }
  });
  if (rowsOf(layer).gap) {
    const half = rowsOf(layer).half;
    label(svg, place(0)[0], (place(half - 1)[1] + place(half)[1]) / 2 + 4, `⋮ ${layer.count}`, {
      "font-size": 12,
      class: "halo",
    });
  }
}

/* What stands beside the outputs: for each a label, if there is one, and its number. */
function outputTexts(active) {
  const labels = story.labels;
  const last = story.layers[story.layers.length - 1];
  if (last.count === 1 && labels.length === 2) {
    return [[cut(labels[active[0] > 0 ? 1 : 0], 18), `z = ${format(active[0])}`]];
  }
  return active.map((z, k) => [cut(labels[last.shown[k]] || "", 18), format(z)].filter(Boolean));
}

const decoded = (text) => Array.from(bytes(text), (b) => (b > 127 ? b - 256 : b) / 127);

/* A picture of numbers: from black to white, or, if signed, from blue over paper to orange. */
function picture(numbers, x, y, side, signed) {
  const [rows, columns] = story.image;
  const channels = numbers.length / (rows * columns);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const scale = largest(numbers);
  const paper = parts("--paper");
  for (let p = 0; p < rows * columns; p++) {
    for (let c = 0; c < 3; c++) {
      const share = (numbers[p * channels + (channels === 3 ? c : 0)] || 0) / scale;
      const end = share < 0 ? [50, 114, 181] : [217, 111, 26];
      image.data[4 * p + c] = signed ? paper[c] + (end[c] - paper[c]) * Math.abs(share) : 255 * share;
    }
    image.data[4 * p + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  const element = document.createElementNS("http://www.w3.org/2000/svg", "image");
  const place = { x: x - side / 2, y: y - side / 2, width: side, height: side, href: canvas.toDataURL() };
  for (const [key, value] of Object.entries(place)) element.setAttribute(key, value);
  element.style.imageRendering = "pixelated";
  if (signed) element.style.clipPath = "circle(50%)";
  return element;
}

/* -- the loss ------------------------------------------------------------------------------------------------ */

/* Round numbers between 0 and the top, for the axis. */
function ticks(top) {
  const power = 10 ** Math.floor(Math.log10(top));
  const unit = [0.2, 0.5, 1, 2].map((n) => n * power).find((n) => top / n <= 5) || 5 * power;
  return Array.from({ length: Math.floor(top / unit) + 1 }, (_, i) => i * unit);
}

function drawLoss(frame) {
  const width = room("loss-panel");
  const height = Math.round(Math.min(360, Math.max(190, 0.62 * width)));
  const svg = sheet("loss", width, height);
  const known = story.losses.filter((pair) => pair[1] !== null);
  const top = Math.max(...known.map((pair) => pair[1]), 1e-12);
  const low = Math.min(...known.map((pair) => pair[1]), 0);
  const [left, right, bottom] = [44, width - 8, height - 24];
  const x = (step) => left + ((right - left) * step) / Math.max(story.steps, 1);
  const y = (loss) => bottom - ((bottom - 12) * (loss - low)) / (top - low);
  for (const tick of ticks(top)) {
    shape(svg, "path", { d: `M${left} ${y(tick)}H${right}`, stroke: "var(--line)", "stroke-opacity": 0.25 });
    label(svg, left - 6, y(tick) + 4, format(tick), { class: "faint", "text-anchor": "end" });
  }
  const line = (pairs, pen) => {
    const points = pairs.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
    shape(svg, "polyline", { points, fill: "none", stroke: "var(--negative)", "stroke-linejoin": "round", ...pen });
  };
  line(known, { "stroke-width": 1, "stroke-opacity": 0.4 });
  line(smoothed(known), { "stroke-width": 2.2 });
  const here = x(frame.step);
  shape(svg, "path", { d: `M${here} 12V${bottom}`, stroke: "var(--positive)", "stroke-width": 2 });
  const now = lossAt(frame.step);
  if (now !== null) shape(svg, "circle", { cx: here, cy: y(now), r: 4, fill: "var(--positive)" });
  label(svg, (left + right) / 2, height - 5, `${say("step")} ${frame.step} / ${story.steps}`, { class: "faint" });
  svg.setAttribute("aria-label", `${say("lossNow")}: ${say("step")} ${frame.step}, ${format(now)}`);
}

/* The mean of each loss and its neighbours. */
function smoothed(pairs) {
  const reach = Math.max(1, Math.round(pairs.length / 40));
  return pairs.map(([step], i) => {
    const near = pairs.slice(Math.max(0, i - reach), i + reach + 1);
    return [step, near.reduce((sum, pair) => sum + pair[1], 0) / near.length];
  });
}

function lossAt(step) {
  const known = story.losses.filter((pair) => pair[0] <= Math.max(step, 1));
  return known.length ? known[known.length - 1][1] : null;
}

/* -- the plane ----------------------------------------------------------------------------------------------- */

const classColours = [
  [50, 114, 181],
  [217, 111, 26],
  [36, 129, 74],
  [138, 91, 191],
  [200, 164, 21],
  [58, 166, 166],
];

function drawPlane(frame) {
  byId("plane-panel").hidden = !story.plane;
  byId("loss-panel").classList.toggle("wide", !story.plane);
  if (!story.plane) return;
  const canvas = byId("plane");
  const width = room("plane-panel");
  const height = Math.round(Math.min(360, Math.max(190, 0.62 * width)));
  const density = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [width * density, height * density];
  [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  const context = canvas.getContext("2d");
  context.scale(density, density);
  const { grid, box, points, classes, example } = story.plane;
  const paper = parts("--paper");
  const data = bytes(frame.plane);
  const small = document.createElement("canvas");
  small.width = small.height = grid;
  const image = context.createImageData(grid, grid);
  for (let p = 0; p < grid * grid; p++) {
    const [at, paint] = [4 * ((grid - 1 - Math.floor(p / grid)) * grid + (p % grid)), classColours[data[2 * p] % 6]];
    const share = 0.12 + 0.4 * Math.max(0, data[2 * p + 1] / 127.5 - 1);
    for (let c = 0; c < 3; c++) image.data[at + c] = paper[c] + (paint[c] - paper[c]) * share;
    image.data[at + 3] = 255;
  }
  small.getContext("2d").putImageData(image, 0, 0);
  context.drawImage(small, 0, 0, width, height);
  const dot = ([px, py], radius) => {
    const x = (width * (px - box[0][0])) / (box[0][1] - box[0][0]);
    context.beginPath();
    context.arc(x, height * (1 - (py - box[1][0]) / (box[1][1] - box[1][0])), radius, 0, 7);
  };
  points.forEach((point, i) => {
    dot(point, 4);
    context.fillStyle = `rgb(${classColours[classes[i] % 6].join()})`;
    context.fill();
    context.strokeStyle = "white";
    context.stroke();
  });
  dot(example, 9);
  context.lineWidth = 3;
  context.strokeStyle = colour("--ink");
  context.stroke();
  canvas.setAttribute("aria-label", say("plane"));
}

/* -- the computation ----------------------------------------------------------------------------------------- */

/* Where each box stands: from left to right in rows that fit the panel, or downwards where that is narrow. */
function layout(available) {
  const { nodes } = story.graph;
  const down = available < 560;
  const [w, h] = down ? [Math.min(150, (available - 34) / 2), 90] : [112, 90];
  const [along, across] = down ? [h + 40, w + 16] : [w + 66, h + 18];
  const lanes = [];
  for (const { rank, lane } of nodes) lanes[rank] = Math.max(lanes[rank] || 0, lane + 1);
  const fits = down ? lanes.length : Math.max(2, Math.floor((available - 30 - w) / along) + 1);
  const rows = brokenAt(lanes.length, fits);
  let top = 8;
  const corners = [];
  for (const [first, end] of rows) {
    const most = Math.max(...lanes.slice(first, end));
    nodes.forEach(({ rank, lane }, i) => {
      if (rank < first || rank >= end) return;
      const [x, y] = down
        ? [8 + lane * across, top + rank * along]
        : [22 + (rank - first) * along, top + (most - 1 - lane) * across];
      corners[i] = { x, y, row: first, top };
    });
    top += down ? lanes.length * along - 32 : most * across + 18;
  }
  const width = Math.max(...corners.map((corner) => corner.x)) + w + (down ? 8 : 22);
  return { corners, w, h, down, width, height: top };
}

/* Rows of ranks, [first, end): a row ends where only one thing goes on, so that weights stay beside their layer. */
function brokenAt(ranks, fits) {
  const leaves = new Set(story.graph.nodes.filter((node) => node.kind === "leaf").map((node) => node.rank));
  const rows = [];
  for (let first = 0; first < ranks; ) {
    let end = Math.min(first + fits, ranks);
    const wished = end;
    while (end < ranks && end > first + 1 && leaves.has(end - 1)) end -= 1;
    if (end === first + 1) end = wished;
    rows.push([first, end]);
    first = end;
  }
  return rows;
}

function drawGraph(frame) {
  const { nodes, links } = story.graph;
  const places = layout(room("graph-panel"));
  const { corners, w, h, down, width, height } = places;
  const svg = sheet("graph", width, height);
  svg.setAttribute("aria-label", `${say("graph")}: ${byId("graph-status").textContent}`);
  const moment = state.moment;
  links.forEach(([a, b], i) => {
    const back = moment >= moments - b && frame.nodes[a].g && frame.nodes[b].g;
    const wraps = corners[a].row !== corners[b].row;
    const beside = (other) =>
      (wraps ? corners[other[0]].row !== corners[other[1]].row : other[0] === a) && other[1] === b;
    const twins = links.slice(0, i).filter(beside).length;
    const { d, x, y, anchor, split } = route(places, a, b, 10 * twins);
    const pen = back ? { stroke: "var(--back)", "stroke-width": 2 } : { stroke: "var(--line)", "stroke-width": 1.3 };
    const line = shape(svg, "path", {
      d,
      fill: "none",
      "stroke-linejoin": "round",
      opacity: moment > b ? 1 : 0.2,
      ...pen,
    });
    if (!back || !frame.slopes[i]) return;
    const [low, high] = frame.slopes[i].map((slope) => format(slope, 2));
    const lines = high === undefined ? [`×${low}`] : split ? [`×${low}`, `… ${high}`] : [`×${low} … ${high}`];
    lines.forEach((text, n) => {
      const height = down ? y + 11 * n : y - 11 * (lines.length - 1 - n);
      label(svg, x, height, text, { "font-size": 10, "text-anchor": anchor, class: "back" });
    });
    hint(line, `∂ ${title(nodes[b])} / ∂ ${title(nodes[a])}: ${lines.join(" ")}`);
  });
  nodes.forEach((node, i) => {
    const { x, y } = corners[i];
    const seen = moment > i;
    const now = (moment === i + 1 || moment === moments - i) && moment < moments;
    const group = shape(svg, "g", { opacity: seen ? 1 : 0.3 });
    const fill = `var(${{ leaf: "--leaf", output: "--result" }[node.kind] || "--value"})`;
    const stroke = now ? "var(--accent)" : "var(--line)";
    shape(group, "rect", { x, y, width: w, height: h, rx: 10, fill, stroke, "stroke-width": now ? 3 : 1 });
    const name = cut(named(node.name), 19);
    const size = Math.max(9, Math.min(12, (1.6 * w) / name.length));
    label(group, x + w / 2, y + 16, name, { "font-weight": 600, "font-size": size });
    const below = [node.op, named(node.where), node.shape.length ? `(${node.shape.join(", ")})` : ""];
    label(group, x + w / 2, y + 29, cut(below.filter(Boolean).join(" · "), 26), { class: "faint", "font-size": 9 });
    const { v, g } = frame.nodes[i];
    if (seen) strip(group, v, x + 8, y + 35, w - 16, "");
    if (moment >= moments - i && g) strip(group, g, x + 8, y + 62, w - 16, "∂ ");
    const known = [`${say("value")} ${v.map((n) => format(n)).join(", ")}`];
    if (g) known.push(`${say("gradient")} ${g.map((n) => format(n)).join(", ")}`);
    hint(group, `${title(node)}: ${known.join("; ")}`);
  });
}

const title = (node) => [named(node.name), named(node.where)].filter(Boolean).join(", ");

/* The way of a link as a path, and where its label stands, which may be split into two lines. */
function route({ corners, w, h, down, width }, a, b, shift) {
  const [from, to] = [corners[a], corners[b]];
  const straight = story.graph.nodes[a].lane === story.graph.nodes[b].lane;
  if (down) {
    if (to.y - from.y > 2 * h) {
      const side = 4 - shift / 4; /* past other boxes, beside them */
      const d = bent([
        [from.x, from.y + 0.7 * h],
        [side, from.y + 0.7 * h],
        [side, to.y + 0.3 * h],
        [to.x, to.y + 0.3 * h],
      ]);
      return { d, x: side + 2, y: from.y + h + 26, anchor: "start", split: true };
    }
    const [x1, y1, y2] = [from.x + w / 2, from.y + h, to.y];
    const x2 = straight ? to.x + w / 2 + shift : to.x + 0.8 * w - shift;
    const middle = (y1 + y2) / 2;
    const d = `M${x1 + (straight ? shift : 0)} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
    return { d, x: x1 + 6 + shift, y: y1 + 14, anchor: "start", split: true };
  }
  const [x1, y1, x2] = [from.x + w, from.y + h / 2, to.x];
  const y2 = to.y + (straight || from.row !== to.row ? h / 2 : 0.2 * h) + shift;
  const middle = (x1 + x2) / 2;
  if (from.row !== to.row) {
    const turn = to.top - 10 - shift / 2; /* between the rows, back to the left */
    const d = bent([
      [x1, y1],
      [width - 8 + shift / 2, y1],
      [width - 8 + shift / 2, turn],
      [8 - shift / 2, turn],
      [8 - shift / 2, y2],
      [x2, y2],
    ]);
    return { d, x: width / 2 + 4 * shift, y: turn - 5, anchor: "middle", split: false };
  }
  if (x2 - x1 > w) {
    const low = Math.max(from.y, to.y) + h + 14 + shift; /* past other boxes, below them */
    const d = bent([
      [x1 - 20, from.y + h],
      [x1 - 20, low],
      [x2 + 20, low],
      [x2 + 20, to.y + h],
    ]);
    return { d, x: middle, y: low - 4, anchor: "middle", split: false };
  }
  const d = `M${x1} ${y1 + (straight ? shift : 0)}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
  return { d, x: middle, y: (straight ? Math.min(y1, y2) : y1) - 6 + 2 * shift, anchor: "middle", split: true };
}

/* A line through points, with round corners. */
function bent(points) {
  const [first, ...rest] = points;
  const last = rest.pop();
  const toward = (from, to) => {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
    const share = Math.min(10, length / 2) / length;
    return from.map((x, i) => x + (to[i] - x) * share).join(" ");
  };
  const turns = rest.map((corner, i) => {
    const [before, after] = [i ? rest[i - 1] : first, rest[i + 1] || last];
    return `L${toward(corner, before)}Q${corner.join(" ")} ${toward(corner, after)}`;
  });
  return `M${first.join(" ")}${turns.join("")}L${last.join(" ")}`;
}

/* A row of coloured cells, or the number itself where there is only one. */
function strip(parent, numbers, x, y, width, mark) {
  if (numbers.length === 1) {
    label(parent, x + width / 2, y + 15, mark + format(numbers[0]), { "font-size": 12 });
    return;
  }
  const scale = largest(numbers);
  const cell = width / numbers.length;
  numbers.forEach((number, i) => {
    const rect = shape(parent, "rect", { x: x + i * cell, y, width: cell + 0.2, height: 11 });
    rect.style.fill = css(blend(number < 0 ? "--negative" : "--positive", (0.95 * Math.abs(number || 0)) / scale));
  });
  const range = numbers.some((number) => number) ? `± ${format(scale)}` : "0";
  label(parent, x + width / 2, y + 21, mark + range, { "font-size": 9.5, class: "faint" });
}

/* Show so many moments of the computation: first every node forward, then every node back. */
function reach(moment) {
  const nodes = story.graph.nodes;
  state.moment = Math.min(Math.max(moment, 0), moments);
  const at = state.moment;
  const forward = at <= nodes.length;
  const node = nodes[forward ? at - 1 : moments - at];
  const told = at === 0 ? say("start") : say(forward ? "forwardPass" : "backwardPass") + title(node);
  byId("graph-status").textContent = at === moments ? say("done") : told;
  byId("moment").value = at;
  byId("moment").setAttribute("aria-valuetext", byId("graph-status").textContent);
  if (at === moments) flow(false);
  drawGraph(story.frames[state.frame]);
}

function flow(on) {
  clearInterval(state.flowing);
  state.flowing = on ? setInterval(() => reach(state.moment + 1), 500) : 0;
  byId("flow").textContent = say(on ? "pause" : "play");
  if (on && state.moment === moments) reach(0);
}

/* -- the moment shown, and the controls ---------------------------------------------------------------------- */

function show(frame) {
  state.frame = Math.min(Math.max(frame, 0), story.frames.length - 1);
  const shown = story.frames[state.frame];
  byId("slider").value = state.frame;
  const loss = format(lossAt(shown.step));
  const told = `${say("step")} ${shown.step}, ${say("epoch")} ${shown.epoch}, ${say("lossNow")} ${loss}`;
  byId("status").textContent = told;
  byId("slider").setAttribute("aria-valuetext", told);
  drawNetwork(shown);
  drawPlane(shown);
  drawLoss(shown);
  drawGraph(shown);
}

function play(on) {
  clearInterval(state.playing);
  state.playing = 0;
  if (on) {
    if (state.frame === story.frames.length - 1) show(0);
    state.playing = setInterval(() => {
      show(state.frame + 1);
      if (state.frame === story.frames.length - 1) play(false);
    }, 120);
  }
  byId("play").textContent = say(state.playing ? "pause" : "play");
}

function speak(language) {
  state.language = language;
  document.documentElement.lang = language === "pt" ? "pt-BR" : "en";
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
  byId("language").textContent = say("other");
  byId("language").lang = language === "pt" ? "en" : "pt-BR";
  byId("detail").textContent = "";
  play(Boolean(state.playing));
  flow(Boolean(state.flowing));
  show(state.frame);
  reach(state.moment);
}

function paint(theme) {
  document.documentElement.dataset.theme = theme;
  show(state.frame);
}

const keys = {
  " ": () => play(!state.playing),
  ArrowLeft: () => show(state.frame - 1),
  ArrowRight: () => show(state.frame + 1),
  Home: () => show(0),
  End: () => show(story.frames.length - 1),
  g: () => flow(!state.flowing),
};

document.addEventListener("keydown", (event) => {
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const own = event.target instanceof HTMLButtonElement ? event.key === " " : event.target === byId("moment");
  if (!act || own || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});
document.addEventListener("click", (event) => {
  const told = event.target.closest("svg g, svg line, svg path")?.querySelector("title");
  if (told) byId("detail").textContent = told.textContent;
});
addEventListener("resize", () => show(state.frame));
byId("slider").max = story.frames.length - 1;
byId("moment").max = moments;
byId("slider").addEventListener("input", (event) => show(Number(event.target.value)));
byId("moment").addEventListener("input", (event) => reach(Number(event.target.value)));
byId("back").addEventListener("click", () => show(state.frame - 1));
byId("forward").addEventListener("click", () => show(state.frame + 1));
byId("play").addEventListener("click", () => play(!state.playing));
byId("flow").addEventListener("click", () => flow(!state.flowing));
byId("language").addEventListener("click", () => speak(state.language === "en" ? "pt" : "en"));
byId("theme").addEventListener("click", () => {
  paint(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
});
document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
speak(navigator.language.toLowerCase().startsWith("pt") ? "pt" : "en");

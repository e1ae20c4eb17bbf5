"use strict";

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
    play: "Play",
    pause: "Pause",
    network: "The network: weights, biases and how active the neurons are",
    loss: "Loss of each step",
    plane: "What the network says of each point",
    graph: "The computation of one example",
    flow: "Play forward and backward",
    keys: "Keys: space plays, ← and → step, Home and End jump, G plays the graph.",
    input: "input",
    hidden: "hidden",
    output: "output",
    step: "step",
    epoch: "epoch",
    lossNow: "loss",
    value: "value",
    gradient: "gradient",
    forwardPass: "forward: ",
    backwardPass: "backward: ",
    done: "The gradient of every node is known.",
  },
  pt: {
    other: "English",
    theme: "Claro / escuro",
    controls: "Reprodução",
    back: "Um quadro para trás",
    forward: "Um quadro para a frente",
    slider: "Quadro do treinamento",
    play: "Reproduzir",
    pause: "Pausar",
    network: "A rede: pesos, vieses e quão ativos estão os neurônios",
    loss: "Perda em cada passo",
    plane: "O que a rede diz de cada ponto",
    graph: "O cálculo de um exemplo",
    flow: "Reproduzir ida e volta",
    keys: "Teclas: espaço reproduz, ← e → avançam um quadro, Home e End saltam, G anima o grafo.",
    input: "entrada",
    hidden: "oculta",
    output: "saída",
    step: "passo",
    epoch: "época",
    lossNow: "perda",
    value: "valor",
    gradient: "gradiente",
    forwardPass: "ida: ",
    backwardPass: "volta: ",
    done: "O gradiente de cada nó é conhecido.",
  },
};

const state = { frame: 0, playing: 0, language: "en", flow: null, flowTimer: 0 };
const say = (key) => texts[state.language][key];

/* -- small helpers ------------------------------------------------------------------------------------------- */

const format = (x) => (x === null || x === undefined ? "NaN" : String(Number(x.toPrecision(3))));
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const largest = (numbers) => numbers.reduce((most, x) => Math.max(most, Math.abs(x || 0)), 0) || 1;
const paperParts = () => colour("--paper").match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16));
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

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

/* -- the network --------------------------------------------------------------------------------------------- */

function rowsOf(layer) {
  const gap = layer.shown.length < layer.count ? 1 : 0;
  const half = Math.ceil(layer.shown.length / 2);
  return { total: layer.shown.length + gap, at: (k) => k + (gap && k >= half ? 1 : 0), gap, half };
}

function drawNetwork(frame) {
  const svg = byId("network");
  svg.replaceChildren();
  const layers = story.layers;
  const most = Math.max(...layers.map((layer) => rowsOf(layer).total));
  const left = story.input ? 150 : 50;
  const [width, height, row, radius] = [left + (layers.length - 1) * 180 + 170, 50 + most * 42, 42, 15];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("aria-label", say("network"));
  const place = (i, k) => {
    const rows = rowsOf(layers[i]);
    return [left + i * 180, 46 + ((most - rows.total) / 2 + rows.at(k) + 0.5) * row];
  };
  frame.layers.forEach((layer, i) => {
    const scale = largest(layer.w.flat());
    layer.w.forEach((weights, a) =>
      weights.forEach((weight, b) => {
        const [[x1, y1], [x2, y2]] = [place(i, a), place(i + 1, b)];
        const share = Math.abs(weight || 0) / scale;
        const line = shape(svg, "line", {
          x1, y1, x2, y2,
          stroke: `var(${weight < 0 ? "--negative" : "--positive"})`,
          "stroke-width": 0.4 + 2.8 * share,
          "stroke-opacity": 0.15 + 0.7 * share,
        });
        const gradient = layer.g ? `, ${say("gradient")} ${format(layer.g[a][b])}` : "";
        hint(line, `${format(weight)}${gradient}`);
      }),
    );
  });
  layers.forEach((layer, i) => drawLayer(svg, frame, layer, i, (k) => place(i, k), radius));
  if (story.input) svg.append(picture(story.input, 65, 46 + (most * row) / 2, 100, false));
}

function drawLayer(svg, frame, layer, i, place, radius) {
  const last = i === story.layers.length - 1;
  const name = i === 0 ? say("input") : last ? say("output") : `${say("hidden")} ${i}`;
  label(svg, place(0)[0], 16, name, { "font-weight": "bold", "font-size": 13 });
  label(svg, place(0)[0], 31, String(layer.count), { class: "faint" });
  const active = frame.acts[i] || layer.shown.map(() => 0);
  const scale = largest(active);
  const pictures = i === 1 && frame.layers[0].pictures;
  layer.shown.forEach((_, k) => {
    const [cx, cy] = place(k);
    const share = Math.round((85 * Math.abs(active[k] || 0)) / scale);
    const glow = active[k] < 0 ? "var(--negative)" : "#ffc933";
    const mixed = `color-mix(in srgb, ${glow} ${share}%, var(--paper))`;
    const circle = shape(svg, "circle", { cx, cy, r: radius, stroke: "var(--line)", "stroke-width": 1.2 });
    circle.style.fill = mixed;
    const bias = i > 0 && frame.layers[i - 1].b ? frame.layers[i - 1].b[k] : null;
    hint(circle, `${say("value")} ${format(active[k])}` + (bias === null ? "" : `, bias ${format(bias)}`));
    if (pictures) {
      svg.append(picture(decoded(pictures[k]), cx, cy, 2 * radius - 4, true));
      circle.style.stroke = mixed;
      circle.setAttribute("stroke-width", 4);
    } else {
      const number = i === 0 ? active[k] : bias;
      if (number !== null && !story.input) label(svg, cx, cy + 3, Number((number || 0).toPrecision(2)), { "font-size": 8 });
    }
    if (last) label(svg, cx + radius + 6, cy + 4, verdict(active, k), { "text-anchor": "start", "font-size": 12 });
  });
  if (rowsOf(layer).gap) {
    const [x, y] = place(rowsOf(layer).half - 1);
    label(svg, x, y + 46, `⋮ ${layer.count}`, { "font-size": 13 });
  }
}

function verdict(active, k) {
  const labels = story.labels;
  if (active.length === 1 && labels.length === 2) return `${labels[active[0] > 0 ? 1 : 0]} (${format(active[0])})`;
  return `${labels[k] || ""} ${format(active[k])}`.trim();
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
  const paper = paperParts();
  for (let p = 0; p < rows * columns; p++) {
    for (let c = 0; c < 3; c++) {
      const number = numbers[p * channels + (channels === 3 ? c : 0)] || 0;
      const share = number / scale;
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

function drawLoss(frame) {
  const svg = byId("loss");
  svg.replaceChildren();
  const losses = story.losses.map((pair) => pair[1] || 0);
  const [high, low] = [Math.max(...losses, 1e-12), Math.min(...losses, 0)];
  const x = (step) => 46 + (364 * step) / Math.max(story.steps, 1);
  const y = (loss) => 190 - (170 * (loss - low)) / (high - low);
  shape(svg, "path", { d: "M46 15V190H412", fill: "none", stroke: "var(--line)" });
  const points = story.losses.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss || 0).toFixed(1)}`).join(" ");
  shape(svg, "polyline", { points, fill: "none", stroke: "var(--negative)", "stroke-width": 1.6 });
  const here = x(frame.step);
  shape(svg, "line", { x1: here, x2: here, y1: 15, y2: 190, stroke: "var(--positive)", "stroke-width": 2 });
  label(svg, 40, 22, format(high), { "text-anchor": "end" });
  label(svg, 40, 190, format(low), { "text-anchor": "end" });
  label(svg, 229, 210, `${say("step")} ${frame.step} / ${story.steps}`, { class: "faint" });
  svg.setAttribute("aria-label", `${say("loss")}: ${say("step")} ${frame.step}, ${format(lossAt(frame.step))}`);
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
  const context = canvas.getContext("2d");
  const { grid, box, points, classes } = story.plane;
  const paper = paperParts();
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
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  points.forEach(([px, py], i) => {
    const x = (canvas.width * (px - box[0][0])) / (box[0][1] - box[0][0]);
    const y = canvas.height * (1 - (py - box[1][0]) / (box[1][1] - box[1][0]));
    context.beginPath();
    context.arc(x, y, 4, 0, 7);
    context.fillStyle = `rgb(${classColours[classes[i] % 6].join()})`;
    context.fill();
    context.strokeStyle = "white";
    context.stroke();
  });
  canvas.setAttribute("aria-label", say("plane"));
}

/* -- the graph ----------------------------------------------------------------------------------------------- */

/* state.flow is null when everything is shown, else how many of the 2 n moments have passed: n forward, n backward. */
function drawGraph(frame) {
  const svg = byId("graph");
  svg.replaceChildren();
  const { nodes, links } = story.graph;
  const columns = [];
  const places = nodes.map((node) => {
    columns[node.depth] = (columns[node.depth] || 0) + 1;
    return [node.depth, columns[node.depth] - 1];
  });
  const most = Math.max(...columns.filter(Boolean));
  const [dx, dy, w, h] = [158, 112, 112, 84];
  const [width, height] = [columns.length * dx, most * dy];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("aria-label", say("graph"));
  const count = nodes.length;
  const moment = state.flow === null ? 2 * count : state.flow;
  const corner = (i) => [places[i][0] * dx + 8, (places[i][1] + (most - columns[places[i][0]]) / 2) * dy + 8];
  links.forEach(([a, b]) => {
    const [[x1, y1], [x2, y2]] = [corner(a), corner(b)];
    const back = moment >= 2 * count - b && frame.nodes[a].n !== null && frame.nodes[b].n !== null;
    const seen = moment > b;
    const middle = (x1 + w + x2) / 2;
    shape(svg, "path", {
      d: `M${x1 + w} ${y1 + h / 2}C${middle} ${y1 + h / 2} ${middle} ${y2 + h / 2} ${x2} ${y2 + h / 2}`,
      fill: "none",
      stroke: back ? "var(--positive)" : "var(--line)",
      "stroke-width": back ? 2 : 1.2,
      opacity: seen ? 1 : 0.2,
    });
    if (back) label(svg, x1 + w + 4, y1 + h / 2 - 5, slope(frame, a, b), { "font-size": 9, "text-anchor": "start" });
  });
  nodes.forEach((node, i) => {
    const [x, y] = corner(i);
    const seen = moment > i;
    const back = moment >= 2 * count - i;
    const group = shape(svg, "g", { opacity: seen ? 1 : 0.25 });
    const fill = node.op ? "var(--value)" : "var(--leaf)";
    const now = moment === i + 1 || moment === 2 * count - i;
    const stroke = now && state.flow !== null ? "var(--accent)" : "var(--line)";
    shape(group, "rect", { x, y, width: w, height: h, rx: 9, fill, stroke, "stroke-width": now ? 2 : 1 });
    const name = node.name || node.op;
    label(group, x + w / 2, y + 15, name.slice(0, 20), { "font-weight": "bold", "font-size": 10 });
    label(group, x + w / 2, y + 27, node.name ? node.op || shapeText(node) : shapeText(node), { class: "faint", "font-size": 8 });
    const numbers = frame.nodes[i];
    if (seen) strip(group, numbers.v, x + 7, y + 34, w - 14);
    if (back && numbers.g) strip(group, numbers.g, x + 7, y + 59, w - 14, true);
    const known = [`${say("value")} ${numbers.v.map(format).join(", ")}`];
    if (numbers.g) known.push(`${say("gradient")} ${numbers.g.map(format).join(", ")}`);
    hint(group, `${name}: ${known.join("; ")}`);
  });
}

const shapeText = (node) => (node.shape.length ? `(${node.shape.join(", ")})` : "");

/* On the way back: how much the gradient grows or shrinks through the operation; for numbers, the local derivative. */
function slope(frame, a, b) {
  const [before, after] = [frame.nodes[a], frame.nodes[b]];
  const one = before.g.length === 1 && after.g.length === 1;
  const ratio = one ? before.g[0] / after.g[0] : before.n / after.n;
  return Number.isFinite(ratio) ? `×${format(ratio)}` : "";
}

/* A row of coloured cells, or the number itself where there is only one. */
function strip(parent, numbers, x, y, width, gradient = false) {
  if (numbers.length === 1) {
    label(parent, x + width / 2, y + 14, (gradient ? "∂ " : "") + format(numbers[0]), { "font-size": 11 });
    return;
  }
  const scale = largest(numbers);
  const cell = width / numbers.length;
  numbers.forEach((number, i) => {
    const part = Math.round((95 * Math.abs(number || 0)) / scale);
    const paint = number < 0 ? "var(--negative)" : "var(--positive)";
    const rect = shape(parent, "rect", { x: x + i * cell, y, width: cell, height: 10 });
    rect.style.fill = `color-mix(in srgb, ${paint} ${part}%, var(--paper))`;
  });
  const range = numbers.some((number) => number) ? `± ${format(scale)}` : "0";
  label(parent, x + width / 2, y + 19, (gradient ? "∂ " : "") + range, { "font-size": 8, class: "faint" });
}

function flow() {
  clearInterval(state.flowTimer);
  state.flow = 0;
  state.flowTimer = setInterval(flowStep, 450);
}

function flowStep() {
  const count = story.graph.nodes.length;
  state.flow += 1;
  const forward = state.flow <= count;
  const node = story.graph.nodes[forward ? state.flow - 1 : 2 * count - state.flow];
  if (state.flow > 2 * count) {
    clearInterval(state.flowTimer);
    state.flow = null;
    byId("graph-status").textContent = say("done");
  } else {
    byId("graph-status").textContent = say(forward ? "forwardPass" : "backwardPass") + (node.name || node.op);
  }
  drawGraph(story.frames[state.frame]);
}

/* -- the moment shown, and the controls ---------------------------------------------------------------------- */

function show(frame) {
  state.frame = Math.min(Math.max(frame, 0), story.frames.length - 1);
  const shown = story.frames[state.frame];
  byId("slider").value = state.frame;
  const told = `${say("step")} ${shown.step}, ${say("epoch")} ${shown.epoch}, ${say("lossNow")} ${format(lossAt(shown.step))}`;
  byId("status").textContent = told;
  byId("slider").setAttribute("aria-valuetext", told);
  drawNetwork(shown);
  drawLoss(shown);
  drawPlane(shown);
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
  byId("flow").textContent = say("flow");
  byId("graph-status").textContent = "";
  play(Boolean(state.playing));
  show(state.frame);
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
  g: flow,
};

document.addEventListener("keydown", (event) => {
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const onButton = event.target instanceof HTMLButtonElement && event.key === " ";
  if (!act || onButton || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});
byId("slider").max = story.frames.length - 1;
byId("slider").addEventListener("input", (event) => show(Number(event.target.value)));
byId("back").addEventListener("click", () => show(state.frame - 1));
byId("forward").addEventListener("click", () => show(state.frame + 1));
byId("play").addEventListener("click", () => play(!state.playing));
byId("flow").addEventListener("click", flow);
byId("language").addEventListener("click", () => speak(state.language === "en" ? "pt" : "en"));
byId("theme").addEventListener("click", () => {
  paint(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
});
document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
speak(navigator.language.toLowerCase().startsWith("pt") ? "pt" : "en");

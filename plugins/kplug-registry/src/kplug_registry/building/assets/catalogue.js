"use strict";

// Texts of the registry only ever become text nodes: nothing in them can run.
const root = document.body.dataset.root;

function element(name, text, properties) {
  return Object.assign(document.createElement(name), { textContent: text }, properties);
}

function key(name) {
  return name.toLowerCase().replace(/[-_]/g, "");
}

// The words of a text, as docs/registry.md says: runs of letters and digits, and names as a whole.
function words(text) {
  const runs = text.normalize("NFKC").match(/[\p{L}\p{N}_-]+/gu) || [];
  return [...new Set(runs.map(key))].filter((word) => word.length > 0 && word.length <= 40);
}

async function fileOf(word) {
  if (/^[a-z0-9]+$/.test(word)) return word;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(word));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function hitsOf(word) {
  const answer = await fetch(`${root}search/${await fileOf(word)}.json`);
  if (answer.status === 404) return [];
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return (await answer.json()).hits;
}

function name(hit) {
  return `${hit.kind}/${hit.distribution}/${hit.name}`;
}

async function search(text) {
  const lists = await Promise.all(words(text).map(hitsOf));
  if (lists.length === 0) return [];
  const others = lists.slice(1).map((hits) => new Set(hits.map(name)));
  const whole = key(text.replace(/\s/g, ""));
  return lists[0]
    .filter((hit) => others.every((found) => found.has(name(hit))))
    .sort((one, other) => (key(other.name) === whole) - (key(one.name) === whole));
}

function row(hit) {
  const address = `${root}catalogue/components/${encodeURIComponent(hit.kind)}/${encodeURIComponent(key(hit.name))}.html`;
  const item = element("li", "");
  item.append(
    element("a", hit.is_qualified_only ? `${hit.distribution}/${hit.name}` : hit.name, { href: address }), " ",
    element("span", hit.kind, { className: "kind" }), " ",
    element("span", `${hit.distribution} ${hit.version}`, { className: "version" }),
    element("div", hit.summary),
  );
  return item;
}

function startSearch(form) {
  const input = form.querySelector("input");
  const kind = form.querySelector("select");
  const status = document.getElementById("status");
  let latest = 0;
  async function run() {
    const number = ++latest;
    const text = input.value.trim();
    let hits = [];
    let message = "";
    try {
      hits = (await search(text)).filter((hit) => !kind.value || hit.kind === kind.value);
      if (text) message = hits.length === 1 ? "1 component" : `${hits.length} components`;
    } catch (error) {
      message = `The search does not work: ${error.message}`;
    }
    if (number !== latest) return; // a newer search runs
    status.textContent = message;
    document.getElementById("hits").replaceChildren(...hits.map(row));
  }
  form.addEventListener("submit", (event) => { event.preventDefault(); run(); });
  let timer;
  kind.addEventListener("change", run);
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(run, 200); });
}

// Without scripts nothing could be copied, so the buttons are made here.
for (const code of document.querySelectorAll(".copied code")) {
  const text = code.textContent;
  const button = element("button", "Copy", { type: "button", ariaLabel: `Copy: ${text}` });
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  code.after(" ", button);
}
const form = document.getElementById("search");
if (form) startSearch(form);
